#include "models/frozen_prefix.h"

#include "models/frozen_prefix_implementation.h"

namespace transfer {

FrozenPrefix::FrozenPrefix(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
FrozenPrefix::~FrozenPrefix() = default;
FrozenPrefix::FrozenPrefix(FrozenPrefix&&) noexcept = default;

const std::string& FrozenPrefix::stage() const { return implementation_->stage; }

torch::Device FrozenPrefix::device() const { return implementation_->module.device(); }

std::string FrozenPrefix::engine() const {
  return runs_fused(device(), implementation_->fusion) ? "fused" : "plain";
}

torch::Tensor FrozenPrefix::activations(const torch::Tensor& images) const {
  const auto output =
      implementation_->module.run(images.to(torch::kFloat32), implementation_->fusion);
  // A clone made outside InferenceMode is an ordinary tensor, which autograd accepts.
  return output.clone();
}

std::vector<std::int64_t> FrozenPrefix::shape(const Preprocessing& preprocessing) const {
  const auto image =
      torch::zeros({1, preprocessing.channels, preprocessing.height, preprocessing.width});
  return activations(image).sizes().slice(1).vec();
}

}  // namespace transfer
