#include "models/classifier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/errors.h"
#include "models/archive.h"
#include "models/composition.h"
#include "models/inference_module.h"
#include "models/stage_features.h"
#include "models/temperature.h"
#include "models/torch_error.h"
#include "models/written_model.h"

namespace transfer {

void write_classifier(const Backbone& backbone, const std::string& cut, const Head& head,
                      const std::vector<std::string>& classes, const std::filesystem::path& file,
                      const Objective& objective, const Confidence& confidence) {
  write_classifier(backbone, means_of({cut}), head, classes, file, objective, confidence);
}

void write_classifier(const Backbone& backbone, const std::vector<FeatureBlock>& blocks,
                      const Head& head, const std::vector<std::string>& classes,
                      const std::filesystem::path& file, const Objective& objective,
                      const Confidence& confidence) {
  torch::NoGradGuard no_gradients;
  ModelMetadata metadata = metadata_of(backbone, blocks);
  const auto trunk = cut_for_blocks(backbone, blocks).module;
  ExpectedOutputs expected;
  expected.image = sample_image(metadata.preprocessing);
  // As FrozenTrunk computes them, and the head in C++.
  expected.features =
      InferenceModule(trunk, torch::kCPU).run(expected.image).flatten(1).to(torch::kFloat);
  expected.outputs = head.copy_to(torch::kCPU).logits(expected.features);
  expected.temperature = confidence.temperature();
  auto whole = compose(trunk, head);
  define_prediction(whole, objective.targets(), confidence.temperature());
  write_composition(whole, std::move(metadata), classes, objective, file, expected, confidence);
}

torch::Tensor predictions_of(const torch::Tensor& outputs, TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass: return outputs.softmax(1);
    case TargetKind::kLabels: return outputs.sigmoid();
    case TargetKind::kValues: break;
  }
  return outputs;
}

struct Classifier::Implementation {
  /// Gives the features beside the outputs where there are known images.
  InferenceModule module;
  ModelMetadata metadata;
  std::string file;
  std::optional<KnownImages> known = {};
  std::optional<UnknownScore> unknown = {};

  /// The calibrated logits among what run() gives.
  torch::Tensor logits_of(const torch::Tensor& rows) const {
    const auto classes = static_cast<std::int64_t>(metadata.classes.size());
    const torch::Tensor raw = rows.narrow(1, 0, classes);
    const double temperature = temperature_of(metadata);
    return temperature == 1 ? raw : raw / temperature;
  }
};

Classifier::Classifier(const std::filesystem::path& file, torch::Device device,
                       const Trust& trust) {
  Archive archive = read_trained_model(file, trust);
  std::optional<KnownImages> known;
  if (!archive.known_images.empty()) {
    known = parse_known_images(archive.known_images, file.string());
  }
  const torch::jit::Module module = known ? with_features(archive.module) : archive.module;
  implementation_ = std::make_unique<Implementation>(
      Implementation{InferenceModule(module, device), std::move(*archive.metadata), file.string()});
  if (!known) return;
  implementation_->unknown.emplace(*known);
  implementation_->known = std::move(known);
}

Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;

const ModelMetadata& Classifier::metadata() const { return implementation_->metadata; }

const KnownImages* Classifier::known() const {
  return implementation_->known ? &*implementation_->known : nullptr;
}

torch::Tensor Classifier::run(const torch::Tensor& images, Fusion fusion) const {
  torch::Tensor outputs;
  try {
    outputs = implementation_->module.run(images, fusion).to(torch::kCPU);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    const Preprocessing& p = implementation_->metadata.preprocessing;
    throw ModelError(fmt::format(
        "{}: the model does not take images of {}x{} pixels with {} channels, as its own "
        "transfer.json says. Train it again. [LibTorch: {}]",
        implementation_->file, p.width, p.height, p.channels, cause_of(error.what())));
  }
  const auto classes = static_cast<std::int64_t>(implementation_->metadata.classes.size());
  const auto& unknown = implementation_->unknown;
  const std::int64_t features = unknown ? unknown->dimension() : 0;
  if (outputs.dim() != 2 || outputs.size(0) != images.size(0) ||
      outputs.size(1) != classes + features) {
    throw ModelError(fmt::format(
        "{}: the network gives outputs{} of shape [{}] for {} images, but transfer.json names {} "
        "classes{}. One of the two was changed; train it again or restore the file.",
        implementation_->file, unknown ? " and features" : "", fmt::join(outputs.sizes(), ", "),
        images.size(0), classes,
        unknown ? fmt::format(", and known_images has {} features", features) : ""));
  }
  return outputs.to(torch::kFloat);
}

torch::Tensor Classifier::logits(const torch::Tensor& images, Fusion fusion) const {
  return implementation_->logits_of(run(images, fusion));
}

torch::Tensor Classifier::scored_logits(const torch::Tensor& images, Fusion fusion) const {
  const UnknownScore& unknown = *implementation_->unknown;
  const torch::Tensor rows = run(images, fusion);
  const torch::Tensor features =
      rows.narrow(1, rows.size(1) - unknown.dimension(), unknown.dimension());
  return torch::cat({implementation_->logits_of(rows), unknown.score(features).unsqueeze(1)}, 1);
}

}  // namespace transfer
