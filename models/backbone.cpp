#include "models/backbone.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"
#include "models/archive.h"
#include "models/autocast.h"
#include "models/device_constants.h"
#include "models/forward_input.h"
#include "models/graph_outputs.h"
#include "models/image_methods.h"
#include "models/memory_layout.h"
#include "models/network_input.h"
#include "models/stage_finder.h"
#include "models/trace_repair.h"
#include "models/weight_types.h"
#include "models/weight_values.h"
#include "models/weights.h"

namespace transfer {
namespace {

void measure(Backbone::Implementation& network) {
  network.is_measured =
      measure_features(network.module, network.original, network.metadata.preprocessing,
                       network.file, network.classifier);
}

/// An ensemble has no one classifier: its features are those of its members side by side.
ClassifierLayer use_features_of_members(torch::jit::Module& module, const std::string& file) {
  const auto features = module.find_method("features");
  if (!features) {
    throw ModelError(fmt::format(
        "{}: its transfer.json names the members of an ensemble, but its program has no `features` "
        "method. Make the ensemble again: transfer ensemble.",
        file));
  }
  replace_forward(module, features->graph()->copy());
  ClassifierLayer none;
  none.ending = "it is an ensemble";
  return none;
}

/// Finds the classifier, makes `forward` return the logits alone, and compares with the original.
void find_features(Backbone::Implementation& network) {
  refuse_statically_quantised(network.module, network.file);
  network.original = original_forward(network.module);
  if (network.metadata.members.empty()) {
    network.classifier = find_classifier(network.module, network.file);
  }
  std::string remark = keep_logits_only(network.module, network.file);
  if (!remark.empty()) network.remarks.push_back(std::move(remark));
  replace_unusable_weights_outside(feature_graph(network.module, network.classifier, network.file),
                                   network.module);
  measure(network);
}

/// Decides how images are prepared. Returns the shape of the image for finding stages: the file's
/// own size where the network takes it, so that other sizes do not change the stages.
std::vector<std::int64_t> decide_input(Backbone::Implementation& network,
                                       const InputSettings& settings) {
  Preprocessing& p = network.metadata.preprocessing;
  const std::int64_t height = p.height;
  const std::int64_t width = p.width;
  if (network.has_metadata) {
    p = adjust_input(p, settings, network.file);
  } else {
    NetworkInput input = choose_input(network.module, settings, network.file);
    p = std::move(input.preprocessing);
    network.assumptions = std::move(input.assumptions);
  }
  const bool is_resized = p.height != height || p.width != width;
  if (is_resized && network.metadata.stages.empty() &&
      takes_image(network.module, {1, p.channels, height, width})) {
    return {1, p.channels, height, width};
  }
  return {1, p.channels, p.height, p.width};
}

/// Throws ModelError when the weights are not those of the metadata's hash, which it fills in.
void check_hash(const torch::jit::Module& module, std::string& expected, const std::string& file) {
  const std::string hash = weights_sha256(module);
  if (!expected.empty() && expected != hash) {
    throw ModelError(fmt::format(
        "{}: the weights do not match the hash in the metadata (found {}, expected {}). The file "
        "was changed or damaged; export it again.",
        file, hash, expected));
  }
  expected = hash;
}

/// Makes a network that was saved for another use computable and trainable here.
void adapt_program(Backbone::Implementation& network) {
  const int devices = replace_device_constants(network.module, DeviceConstants::kForeign);
  if (devices > 0) {
    network.remarks.push_back(
        "its program named a device other than the CPU; it runs on that of its images now");
  }
  if (remove_autocast(network.module)) {
    network.remarks.push_back(
        "its program computed in a lower precision (autocast); it computes in float32 now");
  }
  replace_views(network.module);
  protect_image(network.module);
  for (std::string remark :
       {convert_to_float32(network.module), make_buffers_parameters(network.module)}) {
    if (!remark.empty()) network.remarks.push_back(std::move(remark));
  }
}

}  // namespace

Backbone::Backbone(std::shared_ptr<const Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Backbone Backbone::load(const std::filesystem::path& file, const InputSettings& settings,
                        const Trust& trust) {
  auto implementation = std::make_shared<Implementation>();
  Archive archive = read_archive(file, trust);
  implementation->file = file.string();
  implementation->module = archive.module;
  implementation->has_metadata = archive.metadata.has_value();
  implementation->metadata = archive.metadata.value_or(ModelMetadata{});
  if (implementation->metadata.name.empty()) {
    implementation->metadata.name = file.stem().string();
  }
  const bool is_classifier = implementation->metadata.kind == ModelKind::kClassifier;
  if (is_classifier) remove_image_methods(implementation->module);
  const bool is_ensemble = !implementation->metadata.members.empty();
  if (is_ensemble) {
    implementation->classifier = use_features_of_members(implementation->module, file.string());
  }
  if (!implementation->module.find_method("forward")) {
    throw ModelError(fmt::format(
        "{}: the module has no forward method. Expected forward(image); export it with one.",
        file.string()));
  }
  refuse_other_input(implementation->module, file.string());
  refuse_seeding(implementation->module, file.string());
  refuse_frozen(implementation->module, file.string());
  check_hash(implementation->module, implementation->metadata.weights_sha256, file.string());
  adapt_program(*implementation);
  implementation->repaired_layers = repair_traced_modes(implementation->module);
  const auto stage_image = decide_input(*implementation, settings);
  find_features(*implementation);
  if (implementation->metadata.stages.empty() && !is_ensemble) {
    implementation->metadata.stages =
        find_stages(implementation->module, implementation->classifier, stage_image, file.string());
  }
  return Backbone(std::move(implementation));
}

const std::string& Backbone::file() const { return implementation_->file; }
const ModelMetadata& Backbone::metadata() const { return implementation_->metadata; }
bool Backbone::has_metadata() const { return implementation_->has_metadata; }
int Backbone::repaired_layers() const { return implementation_->repaired_layers; }

const std::vector<std::string>& Backbone::assumptions() const {
  return implementation_->assumptions;
}

bool Backbone::is_built_in() const { return implementation_->is_built_in; }

std::string Backbone::fingerprint() const {
  return sha256_hex(is_built_in() ? file() : read_file(file()));
}

Backbone Backbone::with_input_size(std::int64_t size) const {
  return with_input({.input = {}, .size = {size, size}, .resize = {}});
}

Backbone Backbone::with_input(const InputSettings& settings) const {
  auto changed = std::make_shared<Implementation>(*implementation_);
  Preprocessing& p = changed->metadata.preprocessing;
  p = adjust_input(p, settings, file());
  if (!changed->is_measured && !is_built_in()) measure(*changed);
  return Backbone(std::move(changed));
}

Backbone Backbone::with_sample_range(const SampleRange& range) const {
  auto changed = std::make_shared<Implementation>(*implementation_);
  changed->metadata.preprocessing.sample_range = range;
  return Backbone(std::move(changed));
}

bool Backbone::has_batch_norm(const std::vector<std::string>& frozen_stages) const {
  for (const auto& entry : implementation_->module.named_modules()) {
    if (!entry.value.hasattr("running_mean") || !entry.value.attr("running_mean").isTensor()) {
      continue;
    }
    const bool is_frozen =
        std::any_of(frozen_stages.begin(), frozen_stages.end(), [&entry](const std::string& stage) {
          return entry.name == stage || entry.name.starts_with(stage + ".");
        });
    if (!is_frozen) return true;
  }
  return false;
}

}  // namespace transfer
