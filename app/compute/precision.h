#pragma once

#include <torch/types.h>

#include "configs/choices.h"

namespace transfer {

/// The arithmetic of a forward pass. Weights always stay float32; with another type, convolutions
/// and linear layers run in that type (autocast).
struct Precision {
  torch::ScalarType type = torch::kFloat32;
  /// Whether small gradients would underflow, so that the loss must be scaled (GradientScaler).
  bool scales_loss = false;
};

/// The precision that `train.precision` asks for. Throws DeviceError with the reason where the
/// device cannot, or only by slow emulation.
Precision choose_precision(TrainPrecision asked, torch::Device device);

/// While it lives, the forward passes of this thread run in the given precision.
class AutocastScope {
 public:
  AutocastScope(const Precision& precision, torch::Device device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  torch::DeviceType device_;
  bool active_;
};

}  // namespace transfer
