#include "models/inference_module.h"

#include <torch/csrc/jit/api/module.h>

namespace transfer {

torch::jit::Module for_inference(const torch::jit::Module& module, torch::Device device) {
  torch::NoGradGuard no_gradients;
  torch::jit::Module copy = module.clone();
  copy.eval();
  copy.to(device);
  for (const auto& parameter : copy.parameters()) {
    if (parameter.dim() == 4) {
      auto tensor = parameter;
      tensor.set_data(tensor.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
  return torch::jit::freeze(copy);
}

torch::Tensor run_inference(const torch::jit::Module& module, const torch::Tensor& images,
                            torch::Device device) {
  c10::InferenceMode inference;
  const auto input = images.to(device, images.scalar_type(), /*non_blocking=*/false, /*copy=*/false,
                               torch::MemoryFormat::ChannelsLast);
  torch::jit::Module callable = module;
  return callable.forward({input}).toTensor().to(torch::kCPU);
}

}  // namespace transfer
