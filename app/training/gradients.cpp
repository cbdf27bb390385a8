#include "app/training/gradients.h"

namespace transfer {

std::vector<torch::Tensor> gradients_of(const std::vector<torch::Tensor>& parameters) {
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  return gradients;
}

void scale_gradients(const std::vector<torch::Tensor>& parameters, double factor) {
  const at::NoGradGuard no_gradients;
  auto gradients = gradients_of(parameters);
  if (!gradients.empty()) at::_foreach_mul_(gradients, factor);
}

torch::Tensor clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const at::NoGradGuard no_gradients;
  auto gradients = gradients_of(parameters);
  if (gradients.empty()) return torch::zeros({}, torch::kFloat64);
  const auto norms = at::stack(at::_foreach_norm(gradients));
  const auto norm = norms.to(torch::kFloat64).norm();
  if (max_norm <= 0) return norm;
  // The small number avoids a division by zero.
  const auto factor = at::full_like(norm, max_norm) / (norm + 1e-6);
  const auto shrinks = norm.isfinite().logical_and(factor < 1.0);
  // Where nothing is to be clipped, the factor is 1, so that the host need not know the norm.
  at::_foreach_mul_(gradients, at::where(shrinks, factor, 1.0).to(gradients.front().scalar_type()));
  return norm;
}

}  // namespace transfer
