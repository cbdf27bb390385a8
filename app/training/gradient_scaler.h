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
/// step with a gradient that is not finite, and doubled after 2,000 consecutive finite steps. Those
/// numbers are for mean losses. A loss that is summed over `rows` rows has gradients `rows` times
/// as large, which exceed float16's largest number, 65,504, at the initial scale: it is divided by
/// `rows` while it is scaled.
///
///     scaler.scale(loss).backward();
///     const bool finite = scaler.unscale(parameters).item<float>() == 0;
///     if (finite) optimizer.step();
///     scaler.update(finite);
class GradientScaler {
 public:
  /// `rows` of a whole batch, the same for all parts of a step, whose gradients are added up. It is
  /// rounded up to a power of two: scaling by one rounds no gradient.
  explicit GradientScaler(std::int64_t rows = 1);

  torch::Tensor scale(const torch::Tensor& loss) const { return loss * factor(); }

  /// Takes the scaling out of the gradients again, which are then those of the loss given. Returns
  /// a scalar on their device: 0, or 1 if any of them is not finite and the step must be skipped.
  torch::Tensor unscale(const std::vector<torch::Tensor>& parameters) const;

  /// Called once per step with whether unscale() found all gradients finite.
  void update(bool finite);

  const GradientScalerState& state() const { return state_; }
  void restore(const GradientScalerState& state) { state_ = state; }

 private:
  double factor() const { return state_.scale / rows_; }

  /// A power of two.
  double rows_;
  GradientScalerState state_;
};

}  // namespace transfer
