#pragma once

#include <torch/types.h>

#include <functional>

#include "app/features/feature_store.h"
#include "app/training/feature_scaling.h"
#include "app/training/loss.h"
#include "app/training/metrics.h"
#include "configs/config.h"
#include "models/classifier.h"

namespace transfer {

/// One epoch of SGD or AdamW, or one iteration of L-BFGS.
struct EpochReport {
  std::int64_t epoch = 0;
  double train_loss = 0;
  double val_loss = 0;
  Score val_score;
  double learning_rate = 0;
  double seconds = 0;
};

/// What fitting the head needs. References must outlive the fit.
struct HeadProblem {
  const FeatureSet& train;
  const FeatureSet& val;
  std::int64_t classes;
  FeatureScaling scaling;
  /// The head's structure.
  HeadConfig head = {};
  /// Its scaled targets are what is fitted.
  Loss loss = {};
  /// L2 penalty on the weights of all layers: loss + weight_decay / 2 · ‖W‖²; for AdamW decoupled.
  double weight_decay = 0;
  TrainConfig options = {};
  std::uint64_t seed = 0;
  torch::Device device = torch::kCPU;
  /// Called after every epoch.
  std::function<void(const EpochReport&)> on_epoch = {};
  /// Where to start, for scaled features and targets. Without layers: random_head(), but zeros for
  /// a head of one layer, whose loss is convex, so that they are as good a start as any and need no
  /// seed.
  Head initial = {};
};

/// A fitted head, for unscaled features and targets, and the epoch it was taken from.
struct FittedHead {
  Head head;
  std::int64_t best_epoch = 0;
  std::int64_t epochs = 0;
};

/// Fits a head to cached features until the optimizer converges, the epochs are used up or
/// the validation loss stops falling; keeps the weights of the best validation loss, but L-BFGS
/// without `patience` its last ones, where it converged. Throws Interrupted, and TrainingError when
/// a loss is not a number.
FittedHead fit_head(const HeadProblem& problem);

/// Logits [N,C] of a split's unaugmented view; rows of broken images mean nothing.
torch::Tensor head_logits(const Head& head, const FeatureSet& set, torch::Device device);

}  // namespace transfer
