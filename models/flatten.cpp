#include "models/flatten.h"

#include <algorithm>

#include "configs/config.h"
#include "models/archive.h"
#include "models/weights.h"

namespace transfer {
namespace {

/// Flattens, then ends in a classifier as every backbone does, which a new head replaces.
torch::jit::Module flatten_module(std::int64_t pixels) {
  torch::jit::Module module("__torch__.transfer.Flatten",
                            std::make_shared<torch::jit::CompilationUnit>(), /*shouldMangle=*/true);
  module.register_parameter("weight", torch::zeros({1, pixels}), /*is_buffer=*/false);
  module.register_parameter("bias", torch::zeros({1}), /*is_buffer=*/false);
  module.define(R"(
def forward(self, x: Tensor) -> Tensor:
    return torch.linear(torch.flatten(x, 1), self.weight, self.bias)
)");
  return module;
}

}  // namespace

Backbone flatten_backbone(std::int64_t height, std::int64_t width, int channels) {
  auto implementation = std::make_shared<Backbone::Implementation>();
  implementation->file = kFlattenBackbone;
  implementation->is_built_in = true;
  implementation->module = flatten_module(channels * height * width);
  implementation->classifier = find_classifier(implementation->module, kFlattenBackbone);
  implementation->has_metadata = true;
  ModelMetadata& metadata = implementation->metadata;
  metadata.name = kFlattenBackbone;
  metadata.source = "built in";
  metadata.weights_sha256 = weights_sha256(implementation->module);
  Preprocessing& p = metadata.preprocessing;
  p.height = height;
  p.width = width;
  p.channels = channels;
  p.resize_rule = ResizeRule::kStretch;
  p.resize = std::max(height, width);
  p.mean.assign(static_cast<std::size_t>(channels), 0.0F);
  p.std.assign(static_cast<std::size_t>(channels), 1.0F);
  return Backbone(std::move(implementation));
}

}  // namespace transfer
