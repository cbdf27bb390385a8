#include "models/initialization.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

namespace transfer {
namespace {

/// torch.nn.Linear's rule: uniform in ±1/√(inputs), for the bias too.
void draw_uniform(const torch::Tensor& tensor, std::int64_t inputs,
                  const at::Generator& generator) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(std::max<std::int64_t>(inputs, 1)));
  tensor.uniform_(-bound, bound, generator);
}

bool has_tensor(const torch::jit::Module& module, const std::string& name) {
  return module.hasattr(name) && module.attr(name).isTensor() &&
         module.attr(name).toTensor().defined() && module.attr(name).toTensor().numel() > 0;
}

void initialize_layer(const torch::jit::Module& layer, const at::Generator& generator) {
  const bool has_weight = has_tensor(layer, "weight");
  const auto weight = has_weight ? layer.attr("weight").toTensor() : torch::Tensor();
  for (const auto& parameter : layer.named_parameters(/*recurse=*/false)) {
    torch::Tensor tensor = parameter.value;
    if (parameter.name == "weight" && tensor.dim() == 1) {
      tensor.fill_(1.0);
    } else if (parameter.name == "weight" && tensor.dim() == 4) {
      const double fan_out = static_cast<double>(tensor.size(0) * tensor.size(2) * tensor.size(3));
      tensor.normal_(0.0, std::sqrt(2.0 / fan_out), generator);
    } else if (parameter.name == "weight" && tensor.dim() == 2) {
      draw_uniform(tensor, tensor.size(1), generator);
    } else if (parameter.name == "bias" && has_weight && weight.dim() == 2) {
      draw_uniform(tensor, weight.size(1), generator);
    } else if (parameter.name == "bias") {
      tensor.zero_();
    } else {
      tensor.normal_(0.0, 0.02, generator);
    }
  }
  if (has_tensor(layer, "running_mean")) layer.attr("running_mean").toTensor().zero_();
  if (has_tensor(layer, "running_var")) layer.attr("running_var").toTensor().fill_(1.0);
}

}  // namespace

void initialize_weights(torch::jit::Module& module, std::uint64_t seed) {
  torch::NoGradGuard no_gradients;
  const auto generator = at::detail::createCPUGenerator(seed);
  for (const auto& layer : module.modules()) initialize_layer(layer, generator);
}

}  // namespace transfer
