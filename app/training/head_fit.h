#pragma once

#include <torch/types.h>

#include <cstdint>

#include "app/training/head_problem.h"
#include "app/training/training_end.h"

namespace transfer {

/// A fitted head, for unscaled features and targets, and the epoch it was taken from.
struct FittedHead {
  Head head;
  std::int64_t best_epoch = 0;
  std::int64_t epochs = 0;
  TrainingEnd end = TrainingEnd::kEpochs;
  /// L-BFGS: the length of the objective's gradient by the weights for scaled features, at its end.
  double gradient_norm = 0;
};

/// Fits a head to stored features until the optimizer converges, the epochs are used up, the
/// validation loss stops falling, or the time is up, but for one iteration or batch at least. Keeps
/// the weights of the best validation loss; L-BFGS without `patience` keeps its last ones, where it
/// converged. Throws Interrupted, and TrainingError when a loss is NaN or infinite.
FittedHead fit_head(const HeadProblem& problem);

/// Logits [N,C] of a split's unaugmented view; rows of broken images mean nothing.
torch::Tensor head_logits(const Head& head, const FeatureSet& set, torch::Device device);

}  // namespace transfer
