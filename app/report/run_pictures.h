#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "app/report/run_directory.h"
#include "app/training/metrics.h"
#include "core/objective.h"
#include "core/preprocessing.h"
#include "datasets/truth.h"

namespace transfer {

/// What a trained model says of the validation images. References must outlive it.
struct ShownSplit {
  const std::vector<Sample>& samples;
  /// Broken images do not count.
  const Truth& truth;
  /// [N,C] in the targets' units.
  const torch::Tensor& outputs;
  const Metrics& metrics;
  const std::vector<std::string>& classes;
  Objective objective;
  Preprocessing preprocessing;
};

/// How far the prediction for each image is off, [N] float32: the loss of its class, the sum of its
/// labels' losses, or the mean square of its errors, each in standard deviations of its target.
torch::Tensor loss_of_each(const Truth& truth, const torch::Tensor& outputs, TargetKind kind);

/// Draws curves.png, worst_mistakes.png, val_batch.png and, for classes, confusion_matrix.png.
/// Returns their names. A picture that cannot be drawn is warned of and left out. Throws
/// Interrupted alone.
std::vector<std::string> write_pictures(const RunDirectory& run, const ShownSplit& val,
                                        std::int64_t best_epoch);

}  // namespace transfer
