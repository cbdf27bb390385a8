#include "models/frozen_trunk.h"

#include "models/archive.h"
#include "models/inference_module.h"

namespace transfer {

struct FrozenTrunk::Implementation {
  torch::jit::Module module;
  torch::Device device;
};

FrozenTrunk::FrozenTrunk(const Backbone& backbone, torch::Device device)
    : implementation_(new Implementation{
          for_inference(cut_before_classifier(backbone.implementation().module, backbone.file()),
                        device),
          device}) {}

FrozenTrunk::~FrozenTrunk() = default;
FrozenTrunk::FrozenTrunk(FrozenTrunk&&) noexcept = default;

torch::Tensor FrozenTrunk::features(const torch::Tensor& images) const {
  const auto output = run_inference(implementation_->module, images, implementation_->device);
  // Outside InferenceMode a clone is an ordinary tensor, which autograd accepts.
  return output.flatten(1).clone();
}

}  // namespace transfer
