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

/// Whether the device has arithmetic for bfloat16: a GPU of compute capability 8.0 or more, a CPU
/// with AVX512-BF16 or AMX. Elsewhere it is emulated and many times slower than float32.
bool computes_in_bfloat16(torch::Device device);

/// The precision that `train.precision` asks for; `has_bfloat16` is computes_in_bfloat16(). Throws
/// DeviceError with the reason where the device cannot, or only by slow emulation.
Precision choose_precision(TrainPrecision asked, torch::Device device, bool has_bfloat16);
inline Precision choose_precision(TrainPrecision asked, torch::Device device) {
  return choose_precision(asked, device, computes_in_bfloat16(device));
}

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
