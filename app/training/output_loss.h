#pragma once

#include <torch/types.h>

#include <cstdint>

#include "app/training/loss.h"

namespace transfer {

/// A loss summed over outputs [n,C], and how it depends on them.
struct OutputLoss {
  /// Scalars, see LossSum.
  torch::Tensor objective;
  torch::Tensor in_units;
  torch::Tensor gradient;  ///< [n,C]: the objective's, by each output
};

/// In closed form for cross-entropy against classes (logit_adjusted too), else by automatic
/// differentiation.
OutputLoss output_loss(const Loss& loss, const torch::Tensor& outputs, const Truth& truth);

/// Lower bound for the curvature of a mean loss that is divided by: where every image's class is
/// certain, the loss is flat.
constexpr double kLeastCurvature = 1e-6;

/// The second derivative of the summed loss by each output [n,C]; for every loss of numbers that of
/// the squared error, for the focal loss that of a cross-entropy in which images count by their
/// focal factors.
torch::Tensor output_curvature(const Loss& loss, const torch::Tensor& outputs, const Truth& truth);

}  // namespace transfer
