#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace transfer {

/// What a GradientScaler remembers, for checkpoints.
struct GradientScalerState {
  double scale = 65536.0;
  /// Steps in a row whose gradients were finite, since the scale last changed.
  std::int64_t finite_steps = 0;
};

/// Dynamic loss scaling for float16, whose small gradients would become 0 (Micikevicius et al.
/// 2018), with the numbers of torch.amp.GradScaler: the scale starts at 65,536, is halved after a
/// step with a gradient that is not finite, and doubled after 2,000 finite steps in a row.
///
///     scaler.scale(loss).backward();
///     const bool finite = scaler.unscale(parameters);
///     if (finite) optimizer.step();
///     scaler.update(finite);
class GradientScaler {
 public:
  torch::Tensor scale(const torch::Tensor& loss) const { return loss * state_.scale; }

  /// Divides the gradients by the scale. False where any of them is not finite: the step must be
  /// left out.
  bool unscale(const std::vector<torch::Tensor>& parameters) const;

  /// Once a step, after unscale(), with its answer.
  void update(bool finite);

  const GradientScalerState& state() const { return state_; }
  void restore(const GradientScalerState& state) { state_ = state; }

 private:
  GradientScalerState state_;
};

}  // namespace transfer
