#include "app/training/gradient_scaler.h"

#include <bit>
#include <limits>

#include "app/training/gradients.h"

namespace transfer {

GradientScaler::GradientScaler(std::int64_t rows)
    : rows_(static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(rows)))) {}

torch::Tensor GradientScaler::unscale(const std::vector<torch::Tensor>& parameters) const {
  const at::NoGradGuard no_gradients;
  auto gradients = gradients_of(parameters);
  if (gradients.empty()) return torch::zeros({}, torch::kFloat32);
  // One pass over each gradient; the host does not wait for it.
  const auto options = torch::dtype(torch::kFloat32).device(gradients.front().device());
  auto found_nonfinite = torch::zeros({1}, options);
  const auto inverse = torch::full({1}, 1.0 / factor(), options);
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found_nonfinite, inverse);
  return found_nonfinite.squeeze(0);
}

void GradientScaler::update(bool finite) {
  constexpr double kGrowth = 2.0;
  constexpr double kBackoff = 0.5;
  constexpr std::int64_t kGrowthInterval = 2000;
  if (!finite) {
    state_ = {state_.scale * kBackoff, 0};
  } else if (++state_.finite_steps == kGrowthInterval) {
    const double grown = state_.scale * kGrowth;
    // The scale multiplies a float32 loss.
    const bool representable = grown <= std::numeric_limits<float>::max();
    state_ = {representable ? grown : state_.scale, 0};
  }
}

}  // namespace transfer
