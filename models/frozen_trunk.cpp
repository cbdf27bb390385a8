#include "models/frozen_trunk.h"

#include <numeric>

#include "models/archive.h"
#include "models/inference_module.h"
#include "models/stage_features.h"

namespace transfer {

struct FrozenTrunk::Implementation {
  InferenceModule module;
  std::vector<FeatureBlock> blocks;
  std::vector<std::int64_t> widths;
  std::vector<std::int64_t> multiply_adds;
  Fusion fusion;
};

FrozenTrunk::FrozenTrunk(const Backbone& backbone, const std::vector<std::string>& cuts,
                         torch::Device device, Fusion fusion)
    : FrozenTrunk(backbone, means_of(cuts), device, fusion) {}

FrozenTrunk::FrozenTrunk(const Backbone& backbone, std::vector<FeatureBlock> blocks,
                         torch::Device device, Fusion fusion) {
  const auto cut = cut_for_blocks(backbone, blocks);
  implementation_ = std::make_unique<Implementation>(
      Implementation{InferenceModule(cut.module, device), std::move(blocks), cut.widths,
                     cut.multiply_adds, fusion});
}

FrozenTrunk::~FrozenTrunk() = default;
FrozenTrunk::FrozenTrunk(FrozenTrunk&&) noexcept = default;

const std::vector<FeatureBlock>& FrozenTrunk::blocks() const { return implementation_->blocks; }
const std::vector<std::int64_t>& FrozenTrunk::widths() const { return implementation_->widths; }

const std::vector<std::int64_t>& FrozenTrunk::multiply_adds() const {
  return implementation_->multiply_adds;
}

std::string FrozenTrunk::engine() const {
  return runs_fused(implementation_->module.device(), implementation_->fusion) ? "fused" : "plain";
}

std::int64_t FrozenTrunk::dimension() const {
  return std::accumulate(widths().begin(), widths().end(), std::int64_t{0});
}

torch::Tensor FrozenTrunk::features(const torch::Tensor& images) const {
  const auto output = implementation_->module.run(images, implementation_->fusion).to(torch::kCPU);
  // A clone made outside InferenceMode is an ordinary tensor, which autograd accepts.
  return output.flatten(1).to(torch::kFloat).clone();
}

}  // namespace transfer
