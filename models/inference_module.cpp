#include "models/inference_module.h"

#include <torch/csrc/jit/api/module.h>

#include "models/placement.h"
#include "models/weights.h"

namespace transfer {

torch::jit::Module for_inference(const torch::jit::Module& module, torch::Device device) {
  torch::NoGradGuard no_gradients;
  torch::jit::Module copy = module.clone();
  copy.eval();
  place_on(copy, device);
  to_channels_last(copy);
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
