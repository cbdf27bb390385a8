#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>

#include "core/objective.h"
#include "core/preprocessing.h"

namespace transfer {

/// What a trained network computes for one image, before it is written.
struct ExpectedOutputs {
  /// Where it was computed on another device than the CPU, in fewer digits (TF32).
  static constexpr double kAcrossDevices = 0.05;

  torch::Tensor image;     ///< [1,C,H,W]
  torch::Tensor features;  ///< [1,D] on the CPU
  torch::Tensor outputs;   ///< [1,C] on the CPU
  /// By which `predict` divides the outputs.
  double temperature = 1;
  /// Largest difference, relative to the largest value.
  double tolerance = 1e-3;
};

/// A random image of the size and channels that the preprocessing gives, always the same.
torch::Tensor sample_image(const Preprocessing& preprocessing);

/// Runs `features`, `forward` and `predict` of a model that was read back. Throws ModelError naming
/// `file` when one fails or differs from what is expected.
void require_same_outputs(torch::jit::Module reloaded, const ExpectedOutputs& expected,
                          TargetKind kind, const std::string& file);

}  // namespace transfer
