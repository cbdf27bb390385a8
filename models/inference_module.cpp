#include "models/inference_module.h"

#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "core/messages.h"
#include "models/graph_fusion.h"
#include "models/inference_batch.h"
#include "models/placement.h"
#include "models/torch_error.h"
#include "models/weights.h"
#include "models/zero_padding.h"

namespace transfer {
namespace {

torch::jit::Module frozen(const torch::jit::Module& module, torch::Device device) {
  torch::NoGradGuard no_gradients;
  torch::jit::Module copy = module.clone();
  copy.eval();
  place_on(copy, device);
  to_channels_last(copy);
  torch::jit::Module result = torch::jit::freeze(copy);
  if (device.is_cpu()) use_fast_zero_padding(result);
  return result;
}

torch::Tensor forward(const torch::jit::Module& module, const torch::Tensor& images) {
  torch::jit::Module callable = module;
  return callable.forward({images}).toTensor();
}

std::int64_t slice_size(const torch::Tensor& images) {
  return images_per_slice(images.size(2), images.size(3));
}

/// `count` images, black where `images` are fewer: a fused graph takes one number of images only.
torch::Tensor padded(const torch::Tensor& images, std::int64_t count) {
  if (images.size(0) == count) return images;
  auto shape = images.sizes().vec();
  shape[0] = count - images.size(0);
  return torch::cat({images, torch::zeros(shape, images.options())})
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

/// Whether fusing has changed nothing but the last digits.
bool agree(const torch::Tensor& plain, const torch::Tensor& fused) {
  constexpr double kTolerance = 1e-3;
  return plain.sizes() == fused.sizes() &&
         torch::allclose(plain, fused, kTolerance, kTolerance, /*equal_nan=*/true);
}

}  // namespace

bool runs_fused(torch::Device device, Fusion fusion) {
  return fusion == Fusion::kAuto && device.is_cpu() && can_fuse_graphs();
}

/// A copy whose graph is fused in its first runs; it shares the weights, which are constants.
struct InferenceModule::FusedCopy {
  std::once_flag is_compiled;
  torch::jit::Module module;
  bool works = false;

  void compile(const torch::jit::Module& plain, const torch::Tensor& slice) {
    module = plain.clone();
    const torch::Tensor expected = forward(plain, slice);
    try {
      const FusesGraphs here;
      forward(module, slice);  // LibTorch records shapes
      forward(module, slice);  // and compiles for them
      works = agree(expected, forward(module, slice));
      if (!works) note("oneDNN Graph changes what this network computes, so it runs unfused.");
    } catch (const std::exception& error) {
      if (is_out_of_memory(error)) throw;
      note("oneDNN Graph cannot fuse this network, so it runs unfused: {}", cause_of(error.what()));
    }
  }
};

InferenceModule::InferenceModule(const torch::jit::Module& module, torch::Device device)
    : device_(device), module_(frozen(module, device)), fused_(std::make_unique<FusedCopy>()) {}

InferenceModule::~InferenceModule() = default;
InferenceModule::InferenceModule(InferenceModule&&) noexcept = default;

const torch::jit::Module& InferenceModule::compiled(const torch::Tensor& slice) const {
  std::call_once(fused_->is_compiled, [&] { fused_->compile(module_, slice); });
  return fused_->works ? fused_->module : module_;
}

torch::Tensor InferenceModule::run(const torch::Tensor& images, Fusion fusion) const {
  const c10::InferenceMode inference;
  if (!device_.is_cpu() || images.dim() != 4 || images.size(0) == 0) {
    return forward(module_, images.to(device_, images.scalar_type(), /*non_blocking=*/false,
                                      /*copy=*/false, torch::MemoryFormat::ChannelsLast));
  }
  const auto input = images.to(device_).contiguous(torch::MemoryFormat::ChannelsLast);
  const bool fuses = runs_fused(device_, fusion);
  const std::int64_t count = input.size(0);
  const std::int64_t size = slice_size(input);
  std::vector<torch::Tensor> outputs;
  for (std::int64_t first = 0; first < count; first += size) {
    torch::Tensor slice = input.narrow(0, first, std::min(size, count - first));
    const std::int64_t rows = slice.size(0);
    if (fuses) slice = padded(slice, size);
    outputs.push_back(forward(fuses ? compiled(slice) : module_, slice).narrow(0, 0, rows));
  }
  return outputs.size() == 1 ? outputs.front() : torch::cat(outputs);
}

}  // namespace transfer
