#include "models/activation_maps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/torch.h>

#include <algorithm>

#include "core/errors.h"
#include "core/nearest_name.h"
#include "models/archive.h"
#include "models/composition.h"
#include "models/map_layout.h"
#include "models/map_places.h"
#include "models/split.h"
#include "models/stage_features.h"
#include "models/surgery.h"
#include "models/torch_error.h"
#include "models/trainable_network_implementation.h"
#include "models/written_model.h"

namespace transfer {
using torch::jit::Module;

/// A network of its own, in evaluation mode, and what is known of it.
struct WholeNetwork {
  Module module;
  ModelMetadata metadata;
  std::string file;

  /// Those that a map may be made of.
  const std::vector<std::string>& stages() const {
    return metadata.pooled_stages.empty() ? metadata.stages : metadata.pooled_stages;
  }
};

/// What a network computes on both sides of a stage.
struct PassedStage {
  torch::Tensor activations;
  torch::Tensor logits;  ///< recorded by autograd from the activations on
};

/// The network in two parts, or, where data passes by the stage, as one method that returns both.
struct SplitNetwork {
  Module module;
  SplitMethods methods;
  std::string both;

  PassedStage run(const torch::Tensor& images) const {
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    if (!both.empty()) {
      const torch::AutoGradMode gradients(true);
      const auto input = images.detach().clone().requires_grad_(true);
      const auto elements = module.get_method(both)({input}).toTupleRef().elements();
      return {elements[0].toTensor(), elements[1].toTensor()};
    }
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

  /// The network split behind `stage`. Throws ModelError.
  static std::unique_ptr<Implementation> at(const std::string& stage, const WholeNetwork& whole);
  /// See the constructor of ActivationMaps.
  static std::unique_ptr<Implementation> at_last_stage(const WholeNetwork& whole);

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

std::unique_ptr<ActivationMaps::Implementation> ActivationMaps::Implementation::at(
    const std::string& stage, const WholeNetwork& whole) {
  SplitNetwork network{whole.module, {}, ""};
  const auto& pooled = whole.metadata.pooled_stages;
  if (std::find(pooled.begin(), pooled.end(), stage) != pooled.end()) {
    network.both = add_stage_and_logits(network.module, stage, whole.file);
  } else {
    network.methods = split_at_stage(network.module, stage, whole.file);
  }
  const Preprocessing& p = whole.metadata.preprocessing;
  const auto shape = network.run(sample_image(p)).activations.sizes().vec();
  const auto layout = layout_of(shape, p);
  if (layout) {
    return std::make_unique<Implementation>(
        Implementation{whole.metadata, whole.file, stage, std::move(network), *layout});
  }
  throw ModelError(fmt::format(
      "{}: the output of the stage '{}' has the shape [{}] for one image, which has no positions "
      "of the image's proportions, so there is no map of it. Take an earlier stage.",
      whole.file, stage, fmt::join(shape, ", ")));
}

std::unique_ptr<ActivationMaps::Implementation> ActivationMaps::Implementation::at_last_stage(
    const WholeNetwork& whole) {
  if (whole.stages().empty()) {
    throw ModelError(fmt::format(
        "{}: has no stage with positions of the image, so nothing shows where its outputs come "
        "from. Expected a convolutional network or a transformer.",
        whole.file));
  }
  constexpr std::int64_t kFewestCells = 4;
  std::unique_ptr<Implementation> best;
  std::string reason = "no output depends on the positions of a stage";
  for (const std::string& place : places_for_maps(whole.module, whole.stages())) {
    try {
      auto found = at(place, whole);
      if (!found->has_gradients()) continue;
      if (!best || found->cells() > best->cells()) best = std::move(found);
      if (best->cells() >= kFewestCells) break;
    } catch (const ModelError& error) {
      reason = error.what();
    }
  }
  if (best) return best;
  throw ModelError(
      fmt::format("{}: no stage shows where its outputs come from: {}", whole.file, reason));
}

ActivationMaps::ActivationMaps(const Backbone& network, const std::string& stage) {
  if (!network.metadata().members.empty()) {
    throw ModelError(fmt::format(
        "{}: is an ensemble of {} models, each of which looks at an image in its own way, so there "
        "is no map of it. Expected a single model: explain its members one by one.",
        network.file(), network.metadata().members.size()));
  }
  WholeNetwork whole{copy_with_weights(network.implementation().module), network.metadata(),
                     network.file()};
  whole.module.eval();
  const auto& stages = whole.stages();
  if (stage.empty()) {
    implementation_ = Implementation::at_last_stage(whole);
    return;
  }
  if (!module_at(whole.module, stage)) {
    throw ConfigError(fmt::format("--cam-stage: {} has no stage '{}'{} It has: {}.", whole.file,
                                  stage, nearest_or_stop(stage, stages), fmt::join(stages, ", ")));
  }
  implementation_ = Implementation::at(stage, whole);
  if (implementation_->has_gradients()) return;
  throw ModelError(fmt::format(
      "{}: no output depends on the positions of the stage '{}', so its maps would be empty. Take "
      "an earlier stage.",
      whole.file, stage));
}

ActivationMaps::ActivationMaps(const Backbone& backbone, const std::vector<FeatureBlock>& blocks,
                               const Head& head, const Objective& objective) {
  const torch::NoGradGuard no_gradients;
  WholeNetwork whole{compose(cut_for_blocks(backbone, blocks).module, head.copy_to(torch::kCPU)),
                     metadata_of(backbone, blocks), backbone.file()};
  whole.metadata.stages = composed_stages(std::move(whole.metadata.stages));
  whole.metadata.pooled_stages = composed_stages(std::move(whole.metadata.pooled_stages));
  whole.metadata.objective = objective;
  whole.module.eval();
  implementation_ = Implementation::at_last_stage(whole);
}

ActivationMaps TrainableNetwork::activation_maps() const {
  const torch::NoGradGuard no_gradients;
  WholeNetwork whole{copy_with_weights(implementation_->module), implementation_->metadata,
                     implementation_->file};
  whole.metadata.stages = implementation_->stages;
  whole.metadata.pooled_stages = composed_stages(std::move(whole.metadata.pooled_stages));
  whole.module.to(torch::kCPU);
  whole.module.eval();
  return ActivationMaps(ActivationMaps::Implementation::at_last_stage(whole));
}

ActivationMaps::ActivationMaps(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
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
