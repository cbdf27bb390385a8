#include "models/frozen_prefix.h"

#include "models/frozen_prefix_implementation.h"

namespace transfer {

FrozenPrefix::FrozenPrefix(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
FrozenPrefix::~FrozenPrefix() = default;
FrozenPrefix::FrozenPrefix(FrozenPrefix&&) noexcept = default;

const std::string& FrozenPrefix::stage() const { return implementation_->stage; }

torch::Device FrozenPrefix::device() const { return implementation_->device; }

torch::Tensor FrozenPrefix::activations(const torch::Tensor& images) const {
  const auto input = images.to(implementation_->device, torch::kFloat32, /*non_blocking=*/false,
                               /*copy=*/false, torch::MemoryFormat::ChannelsLast);
  torch::Tensor output;
  {
    const c10::InferenceMode inference;
    torch::jit::Module callable = implementation_->module;
    output = callable.forward({input}).toTensor();
  }
  // A clone made outside InferenceMode is an ordinary tensor, which autograd accepts.
  return output.clone();
}

std::vector<std::int64_t> FrozenPrefix::shape(const Preprocessing& preprocessing) const {
  const auto image =
      torch::zeros({1, preprocessing.channels, preprocessing.height, preprocessing.width});
  return activations(image).sizes().slice(1).vec();
}

}  // namespace transfer
