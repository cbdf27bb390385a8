#include "models/activation_maps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/torch.h>

#include <algorithm>
#include <optional>

#include "core/errors.h"
#include "core/nearest_name.h"
#include "models/archive.h"
#include "models/split.h"
#include "models/surgery.h"
#include "models/torch_error.h"
#include "models/written_model.h"

namespace transfer {
using torch::jit::Module;

/// How the positions of an image lie in a stage's output.
struct MapLayout {
  enum class Kind { kChannelsFirst, kChannelsLast, kTokens } kind = Kind::kChannelsFirst;
  std::int64_t height = 0;
  std::int64_t width = 0;
  /// Tokens in front that lie on no position.
  std::int64_t leading_tokens = 0;
};

/// What a network computes on both sides of a stage.
struct PassedStage {
  torch::Tensor activations;
  torch::Tensor logits;  ///< recorded by autograd from the activations on
};

/// The network in two parts.
struct SplitNetwork {
  Module module;
  SplitMethods methods;

  PassedStage run(const torch::Tensor& images) const {
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    PassedStage passed;
    {
      const torch::NoGradGuard no_gradients;
      passed.activations = module.get_method(methods.prefix)({images}).toTensor().clone();
    }
    const torch::AutoGradMode gradients(true);
    passed.activations.requires_grad_(true);
    passed.logits = module.get_method(methods.suffix)({passed.activations}).toTensor();
    return passed;
  }
};

namespace {

/// Tokens form a grid of the image's proportions behind at most a few others.
std::optional<MapLayout> layout_of_tokens(std::int64_t tokens, const Preprocessing& p) {
  constexpr std::int64_t kMostLeading = 16;
  for (std::int64_t leading = 0; leading <= std::min(kMostLeading, tokens - 1); ++leading) {
    const std::int64_t positions = tokens - leading;
    for (std::int64_t height = 1; height <= positions; ++height) {
      const std::int64_t width = positions / height;
      if (height * width == positions && height * p.width == width * p.height) {
        return MapLayout{MapLayout::Kind::kTokens, height, width, leading};
      }
    }
  }
  return std::nullopt;
}

/// Nothing for an output without positions.
std::optional<MapLayout> layout_of(torch::IntArrayRef shape, const Preprocessing& p) {
  const auto positions = pooled_dimensions(shape);
  if (positions == std::vector<std::int64_t>{2, 3}) {
    return MapLayout{MapLayout::Kind::kChannelsFirst, shape[2], shape[3], 0};
  }
  if (positions == std::vector<std::int64_t>{1, 2}) {
    return MapLayout{MapLayout::Kind::kChannelsLast, shape[1], shape[2], 0};
  }
  if (positions == std::vector<std::int64_t>{1}) return layout_of_tokens(shape[1], p);
  return std::nullopt;
}

/// A stage's output, or its gradient, as [N,C,h,w].
torch::Tensor as_grid(const torch::Tensor& values, const MapLayout& layout) {
  switch (layout.kind) {
    case MapLayout::Kind::kChannelsFirst: return values;
    case MapLayout::Kind::kChannelsLast: return values.permute({0, 3, 1, 2});
    case MapLayout::Kind::kTokens: break;
  }
  const std::int64_t positions = layout.height * layout.width;
  return values.narrow(1, layout.leading_tokens, positions)
      .transpose(1, 2)
      .reshape({values.size(0), -1, layout.height, layout.width});
}

/// The gradient of the chosen output of each image by the activations.
torch::Tensor gradients_of(const PassedStage& passed, const torch::Tensor& outputs) {
  const torch::AutoGradMode gradients(true);
  const auto chosen = passed.logits.gather(1, outputs.unsqueeze(1)).sum();
  return torch::autograd::grad({chosen}, {passed.activations})[0];
}

torch::Tensor or_largest(const torch::Tensor& outputs, const torch::Tensor& logits) {
  return torch::where(outputs < 0, logits.argmax(1), outputs);
}

}  // namespace

torch::Tensor activation_maps(const torch::Tensor& activations, const torch::Tensor& gradients,
                              MapMethod method) {
  switch (method) {
    case MapMethod::kGradCam:
      return (gradients.mean({2, 3}, /*keepdim=*/true) * activations).sum(1).relu();
    case MapMethod::kLayerCam: return (gradients.relu() * activations).sum(1).relu();
    case MapMethod::kEigenCam: break;
  }
  const auto positions = activations.flatten(2).transpose(1, 2);  // [N,h·w,C]
  const auto vectors = std::get<2>(torch::linalg_svd(positions, /*full_matrices=*/false));
  const auto map = positions.matmul(vectors.select(1, 0).unsqueeze(2)).squeeze(2);
  const auto sign = torch::where(map.sum(1, /*keepdim=*/true) < 0, -1.0, 1.0);
  return (map * sign).relu().reshape({activations.size(0), activations.size(2), -1});
}

struct ActivationMaps::Implementation {
  ModelMetadata metadata;
  std::string file;
  std::string stage;
  SplitNetwork network;
  MapLayout layout;

  /// `module`, a copy of the backbone's, split behind `stage`. Throws ModelError.
  static std::unique_ptr<Implementation> at(const std::string& stage, const Backbone& backbone,
                                            const Module& module);
  /// See the constructor of ActivationMaps.
  static std::unique_ptr<Implementation> at_last_stage(const Backbone& backbone,
                                                       const Module& module);

  /// Positions along the shorter side.
  std::int64_t cells() const { return std::min(layout.height, layout.width); }

  /// Whether the outputs depend on the stage's positions: behind a transformer's last block they do
  /// not, where the class token alone is read.
  bool has_gradients() const {
    const auto passed = network.run(sample_image(metadata.preprocessing));
    const auto outputs = passed.logits.detach().argmax(1);
    return as_grid(gradients_of(passed, outputs), layout).count_nonzero().item<bool>();
  }
};

namespace {

/// The module at a path; nothing where there is none.
std::optional<Module> module_at(const Module& root, const std::string& path) {
  for (const auto& entry : root.named_modules()) {
    if (entry.name == path) return entry.value;
  }
  return std::nullopt;
}

/// The names of a module's children in front of `end`, or all, the last first.
std::vector<std::string> children_of(const Module& module, const std::string& end = "") {
  std::vector<std::string> names;
  for (const auto& child : module.named_children()) {
    if (child.name == end) break;
    names.insert(names.begin(), child.name);
  }
  return names;
}

/// Places in front of a stage's end that are no stages themselves, the last first: the modules
/// inside it, then those beside it that run before.
std::vector<std::string> places_before(const Module& root, const std::string& stage) {
  std::vector<std::string> places;
  for (const std::string& name : children_of(*module_at(root, stage))) {
    places.push_back(fmt::format("{}.{}", stage, name));
  }
  const auto dot = stage.rfind('.');
  const std::string parent = dot == std::string::npos ? "" : stage.substr(0, dot);
  const std::string own = dot == std::string::npos ? stage : stage.substr(dot + 1);
  for (const std::string& name :
       children_of(parent.empty() ? root : *module_at(root, parent), own)) {
    places.push_back(parent.empty() ? name : fmt::format("{}.{}", parent, name));
  }
  return places;
}

/// Where a map may be made, in the order in which to try: the stages from the last on, with the
/// places around the last one behind it.
std::vector<std::string> places_for_maps(const Module& root,
                                         const std::vector<std::string>& stages) {
  std::vector<std::string> places(stages.rbegin(), stages.rend());
  const auto around = places_before(root, stages.back());
  places.insert(places.begin() + 1, around.begin(), around.end());
  return places;
}

}  // namespace

std::unique_ptr<ActivationMaps::Implementation> ActivationMaps::Implementation::at(
    const std::string& stage, const Backbone& backbone, const Module& module) {
  SplitNetwork network{module, {}};
  network.methods = split_at_stage(network.module, stage, backbone.file());
  const Preprocessing& p = backbone.metadata().preprocessing;
  const auto shape = network.run(sample_image(p)).activations.sizes().vec();
  const auto layout = layout_of(shape, p);
  if (layout) {
    return std::make_unique<Implementation>(
        Implementation{backbone.metadata(), backbone.file(), stage, std::move(network), *layout});
  }
  throw ModelError(fmt::format(
      "{}: the output of the stage '{}' has the shape [{}] for one image, which has no positions "
      "of the image's proportions, so there is no map of it. Take an earlier stage.",
      backbone.file(), stage, fmt::join(shape, ", ")));
}

std::unique_ptr<ActivationMaps::Implementation> ActivationMaps::Implementation::at_last_stage(
    const Backbone& backbone, const Module& module) {
  constexpr std::int64_t kFewestCells = 4;
  std::unique_ptr<Implementation> best;
  std::string reason = "no output depends on the positions of a stage";
  for (const std::string& place : places_for_maps(module, backbone.metadata().stages)) {
    try {
      auto found = at(place, backbone, module);
      if (!found->has_gradients()) continue;
      if (!best || found->cells() > best->cells()) best = std::move(found);
      if (best->cells() >= kFewestCells) break;
    } catch (const ModelError& error) {
      reason = error.what();
    }
  }
  if (best) return best;
  throw ModelError(
      fmt::format("{}: no stage shows where its outputs come from: {}", backbone.file(), reason));
}

ActivationMaps::ActivationMaps(const Backbone& network, const std::string& stage) {
  const auto& stages = network.metadata().stages;
  if (stages.empty()) {
    throw ModelError(fmt::format(
        "{}: has no stage with positions of the image, so nothing shows where its outputs come "
        "from. Expected a convolutional network or a transformer.",
        network.file()));
  }
  auto module = copy_with_weights(network.implementation().module);
  module.eval();
  if (stage.empty()) {
    implementation_ = Implementation::at_last_stage(network, module);
    return;
  }
  if (!module_at(module, stage)) {
    throw ConfigError(fmt::format("--cam-stage: {} has no stage '{}'{} It has: {}.", network.file(),
                                  stage, nearest_or_stop(stage, stages), fmt::join(stages, ", ")));
  }
  implementation_ = Implementation::at(stage, network, module);
  if (implementation_->has_gradients()) return;
  throw ModelError(fmt::format(
      "{}: no output depends on the positions of the stage '{}', so its maps would be empty. Take "
      "an earlier stage.",
      network.file(), stage));
}

ActivationMaps::~ActivationMaps() = default;
ActivationMaps::ActivationMaps(ActivationMaps&&) noexcept = default;

const ModelMetadata& ActivationMaps::metadata() const { return implementation_->metadata; }
const std::string& ActivationMaps::stage() const { return implementation_->stage; }

ActivationMaps::Maps ActivationMaps::explain(const torch::Tensor& images,
                                             const torch::Tensor& outputs, MapMethod method) const {
  const MapLayout& layout = implementation_->layout;
  try {
    const auto passed = implementation_->network.run(images);
    Maps result;
    result.logits = passed.logits.detach().to(torch::kFloat);
    result.outputs = or_largest(outputs, result.logits);
    const auto gradients = as_grid(gradients_of(passed, result.outputs), layout);
    const torch::NoGradGuard no_gradients;
    const auto activations = as_grid(passed.activations.detach(), layout);
    result.maps = activation_maps(activations, gradients, method).to(torch::kFloat).contiguous();
    return result;
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) throw;
    throw ModelError(fmt::format("{}: no map could be computed at the stage '{}'. [LibTorch: {}]",
                                 implementation_->file, implementation_->stage,
                                 cause_of(error.what())));
  }
}

}  // namespace transfer
