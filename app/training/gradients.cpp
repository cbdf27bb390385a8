#include "app/training/gradients.h"

#include <cmath>

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

double clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const at::NoGradGuard no_gradients;
  auto gradients = gradients_of(parameters);
  if (gradients.empty()) return 0.0;
  const auto norms = at::stack(at::_foreach_norm(gradients));
  const double norm = norms.to(torch::kFloat64).norm().item<double>();
  // The small number avoids a division by zero.
  const double factor = max_norm / (norm + 1e-6);
  if (max_norm > 0 && std::isfinite(norm) && factor < 1.0) {
    at::_foreach_mul_(gradients, factor);
  }
  return norm;
}

}  // namespace transfer
