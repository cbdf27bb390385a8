#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace transfer {

/// State of a GradientScaler, for checkpoints.
struct GradientScalerState {
  double scale = 65536.0;
  /// Consecutive steps with finite gradients since the scale last changed.
  std::int64_t finite_steps = 0;
};

/// Dynamic loss scaling for float16, whose small gradients would underflow (Micikevicius et al.
/// 2018), with the numbers of torch.amp.GradScaler: the scale starts at 65,536, is halved after a
/// step with a gradient that is not finite, and doubled after 2,000 consecutive finite steps.
///
///     scaler.scale(loss).backward();
///     const bool finite = scaler.unscale(parameters).item<float>() == 0;
///     if (finite) optimizer.step();
///     scaler.update(finite);
class GradientScaler {
 public:
  torch::Tensor scale(const torch::Tensor& loss) const { return loss * state_.scale; }

  /// Divides the gradients by the scale. Returns
  /// a scalar on their device: 0, or 1 if any of them is not finite and the step must be skipped.
  torch::Tensor unscale(const std::vector<torch::Tensor>& parameters) const;

  /// Called once per step with whether unscale() found all gradients finite.
  void update(bool finite);

  const GradientScalerState& state() const { return state_; }
  void restore(const GradientScalerState& state) { state_ = state; }

 private:
  GradientScalerState state_;
};

}  // namespace transfer
