#include "models/trainable_network.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "core/errors.h"
#include "core/random.h"
#include "models/archive.h"
#include "models/blank_image.h"
#include "models/composition.h"
#include "models/folding.h"
#include "models/frozen_prefix_implementation.h"
#include "models/graph_outputs.h"
#include "models/inference_module.h"
#include "models/initialization.h"
#include "models/layer_use.h"
#include "models/own_generator.h"
#include "models/placement.h"
#include "models/surgery.h"
#include "models/torch_error.h"
#include "models/trainable_network_implementation.h"
#include "models/training_rehearsal.h"
#include "models/weight_types.h"
#include "models/weights.h"
#include "models/written_model.h"

namespace transfer {
namespace {

/// Distinguishes the two uses of one seed.
enum SeedUse : std::uint64_t { kHeadSeed = 0x4EAD, kBackboneSeed = 0xB0E };

/// Makes the tensors of a copied module share the memory of the originals.
template <typename NamedList>
void share_memory(const NamedList& originals, const NamedList& copies) {
  auto original = originals.begin();
  for (auto copy : copies) {
    copy.value.set_data((*original).value);
    ++original;
  }
}

/// Operators with 8-bit weights have no parameters and pass no gradient on.
void refuse_quantised_layers(const Backbone& backbone) {
  const auto& original = backbone.implementation();
  const auto graph = feature_graph(original.module, original.classifier, backbone.file());
  const auto found = quantised_operator(*graph, /*static_only=*/false);
  if (found.empty()) return;
  throw ModelError(fmt::format(
      "{}: layers in front of the classifier are quantised ({}): their 8-bit weights cannot be "
      "trained. Take --strategy freeze-conv, or export the float network.",
      backbone.file(), found));
}

torch::jit::Module make_trunk(const Backbone& backbone, const TrainableOptions& options) {
  const auto& original = backbone.implementation();
  refuse_quantised_layers(backbone);
  refuse_integer_weights(original.module, backbone.file());
  // Unknown when the network did not run; this run says why.
  if (backbone.feature_count() == 0) run_blank_image(backbone, {});
  auto trunk = cut_before_classifier(original.module, original.classifier, backbone.file());
  if (options.from_scratch) {
    initialize_weights(trunk, mix_seed({options.seed, kBackboneSeed}));
  }
  if (options.batch_norm != BatchNorm::kFolded) return trunk;
  trunk.eval();
  return fold_batch_norms(trunk);
}

}  // namespace

TrainableNetwork::TrainableNetwork(const Backbone& backbone, const TrainableOptions& options,
                                   torch::Device device) {
  torch::NoGradGuard no_gradients;
  auto whole = compose(make_trunk(backbone, options),
                       random_head(options.head, backbone.feature_count(), options.classes,
                                   mix_seed({options.seed, kHeadSeed})));
  place_on(whole, device);
  to_channels_last(whole);
  const auto read = tensors_read_by(whole, "forward");
  implementation_ =
      std::make_unique<Implementation>(Implementation{whole,
                                                      backbone.metadata(),
                                                      composed_stages(backbone.metadata().stages),
                                                      {read.begin(), read.end()},
                                                      options.batch_norm != BatchNorm::kTrain,
                                                      device,
                                                      backbone.file()});
}

TrainableNetwork::TrainableNetwork(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
TrainableNetwork::~TrainableNetwork() = default;

const std::vector<std::string>& TrainableNetwork::stages() const { return implementation_->stages; }

torch::Device TrainableNetwork::device() const { return implementation_->device; }

std::int64_t TrainableNetwork::classes() const {
  return implementation_->module.attr(kHead).toModule().attr("weight").toTensor().size(0);
}

std::vector<std::pair<std::string, torch::Tensor>> TrainableNetwork::parameters() const {
  std::vector<std::pair<std::string, torch::Tensor>> parameters;
  for (const auto& entry : implementation_->module.named_parameters()) {
    if (implementation_->used.contains(entry.name))
      parameters.emplace_back(entry.name, entry.value);
  }
  return parameters;
}

std::vector<std::pair<std::string, torch::Tensor>> TrainableNetwork::state() const {
  auto state = parameters();
  for (const auto& entry : implementation_->module.named_buffers()) {
    if (entry.value.numel() > 0) state.emplace_back(entry.name, entry.value);
  }
  return state;
}

void TrainableNetwork::set_head(const Head& head) {
  transfer::set_head(implementation_->module, head);
}

void TrainableNetwork::scale_outputs(const torch::Tensor& factor, const torch::Tensor& shift) {
  torch::NoGradGuard no_gradients;
  const auto module = implementation_->module.attr(kHead).toModule();
  module.attr("weight").toTensor().mul_(factor.unsqueeze(1));
  module.attr("bias").toTensor().mul_(factor).add_(shift);
}

void TrainableNetwork::split_behind(const std::string& stage,
                                    const std::vector<std::string>& trainable) {
  torch::NoGradGuard no_gradients;
  torch::jit::Module& module = implementation_->module;
  const auto names = split_at_stage(module, stage, implementation_->file);
  const auto read = tensors_read_by(module, names.prefix);
  const std::set<std::string> in_front(read.begin(), read.end());
  for (const auto& name : trainable) {
    if (!in_front.contains(name)) continue;
    remove_split(module, names);
    throw ModelError(fmt::format(
        "{}: cannot split the network behind '{}': the trainable parameter '{}' lies in front of "
        "it. Take an earlier stage.",
        implementation_->file, stage, name));
  }
  implementation_->split_stage = stage;
  implementation_->split = names;
}

std::unique_ptr<TrainableNetwork> TrainableNetwork::replica() const {
  torch::NoGradGuard no_gradients;
  auto copy = std::make_unique<Implementation>(*implementation_);
  copy->module = copy_with_weights(implementation_->module);
  std::vector<std::string> methods = {"forward"};
  if (!copy->split.suffix.empty()) methods.push_back(copy->split.suffix);
  copy->generator = draw_from_own_generator(copy->module, methods, copy->file);
  share_memory(implementation_->module.named_parameters(), copy->module.named_parameters());
  share_memory(implementation_->module.named_buffers(), copy->module.named_buffers());
  return std::unique_ptr<TrainableNetwork>(new TrainableNetwork(std::move(copy)));
}

void TrainableNetwork::seed(std::uint64_t seed) {
  const std::lock_guard lock(implementation_->generator.mutex());
  implementation_->generator.set_current_seed(seed);
}

FrozenPrefix TrainableNetwork::frozen_prefix(Fusion fusion) const {
  torch::NoGradGuard no_gradients;
  auto copy = implementation_->module.clone();
  replace_forward(copy, copy.get_method(implementation_->split.prefix).graph()->copy());
  const auto& device = implementation_->device;
  return FrozenPrefix(std::make_unique<FrozenPrefix::Implementation>(FrozenPrefix::Implementation{
      InferenceModule(copy, device), implementation_->split_stage, fusion}));
}

FrozenPrefix TrainableNetwork::frozen_whole(Fusion fusion) const {
  return FrozenPrefix(std::make_unique<FrozenPrefix::Implementation>(FrozenPrefix::Implementation{
      InferenceModule(implementation_->module, implementation_->device), "", fusion}));
}

FrozenPrefix TrainableNetwork::frozen_features(Fusion fusion) const {
  torch::NoGradGuard no_gradients;
  auto copy = implementation_->module.clone();
  replace_forward(copy, copy.get_method("features").graph()->copy());
  return FrozenPrefix(std::make_unique<FrozenPrefix::Implementation>(
      FrozenPrefix::Implementation{InferenceModule(copy, implementation_->device), "", fusion}));
}

torch::Tensor TrainableNetwork::logits(const torch::Tensor& images) const {
  return run("forward", images);
}

torch::Tensor TrainableNetwork::logits_behind_split(const torch::Tensor& activations) const {
  return run(implementation_->split.suffix, activations);
}

torch::Tensor TrainableNetwork::run(const std::string& method, const torch::Tensor& input) const {
  // Without the profiling executor, operators run and are differentiated as in eager Python, and
  // the first steps take no longer than the others.
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  const auto layout =
      input.dim() == 4 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Preserve;
  const auto laid_out = input.to(implementation_->device, input.scalar_type(),
                                 /*non_blocking=*/false, /*copy=*/false, layout);
  try {
    return implementation_->module.get_method(method)({laid_out}).toTensor();
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    refuse_failed_step(implementation_->file, input, error);
  }
}

ExpectedOutputs TrainableNetwork::expected_outputs() const {
  ExpectedOutputs expected;
  expected.image = sample_image(implementation_->metadata.preprocessing);
  expected.features = run("features", expected.image).to(torch::kCPU);
  expected.outputs = run("forward", expected.image).to(torch::kCPU);
  if (!implementation_->device.is_cpu()) expected.tolerance = ExpectedOutputs::kAcrossDevices;
  return expected;
}

void TrainableNetwork::write(const std::vector<std::string>& classes,
                             const std::filesystem::path& file, const Objective& objective,
                             WriteCheck check, const Confidence& confidence) const {
  torch::NoGradGuard no_gradients;
  torch::jit::Module network = implementation_->module;
  network.eval();
  std::optional<ExpectedOutputs> expected;
  if (check == WriteCheck::kReadBack) {
    expected = expected_outputs();
    expected->temperature = confidence.temperature();
  }
  auto copy = copy_with_weights(implementation_->module);
  // Whatever trained last, so that equal weights make equal files, and others can train on.
  for (auto parameter : copy.parameters()) parameter.set_requires_grad(true);
  if (!implementation_->split.prefix.empty()) remove_split(copy, implementation_->split);
  copy.to(torch::kCPU);
  define_prediction(copy, objective.targets(), confidence.temperature());
  write_composition(copy, implementation_->metadata, classes, objective, file, expected,
                    confidence);
}

}  // namespace transfer
