#include "models/classifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"
#include "models/archive.h"
#include "models/composition.h"
#include "models/inference_module.h"
#include "models/stage_features.h"

namespace transfer {

void write_classifier(const Backbone& backbone, const std::string& cut, const Head& head,
                      const std::vector<std::string>& classes, const std::filesystem::path& file,
                      const Objective& objective) {
  torch::NoGradGuard no_gradients;
  ModelMetadata metadata = backbone.metadata();
  const auto end = std::find(metadata.stages.begin(), metadata.stages.end(), cut);
  if (end != metadata.stages.end()) metadata.stages.erase(end + 1, metadata.stages.end());
  auto whole = compose(cut_for_features(backbone, {cut}).module, head);
  define_prediction(whole, objective.targets());
  write_composition(whole, std::move(metadata), classes, objective, file);
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
  torch::jit::Module module;
  ModelMetadata metadata;
  torch::Device device;
};

Classifier::Classifier(const std::filesystem::path& file, torch::Device device) {
  Archive archive = read_archive(file);
  if (!archive.metadata || archive.metadata->kind != ModelKind::kClassifier ||
      archive.metadata->classes.empty()) {
    throw ModelError(fmt::format(
        "{}: holds no class names, so it is not a model that `transfer` trained. Expected the "
        "model.pt of a run directory.",
        file.string()));
  }
  implementation_ = std::make_unique<Implementation>(
      Implementation{for_inference(archive.module, device), std::move(*archive.metadata), device});
}

Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;

const ModelMetadata& Classifier::metadata() const { return implementation_->metadata; }

torch::Tensor Classifier::logits(const torch::Tensor& images) const {
  return run_inference(implementation_->module, images, implementation_->device);
}

}  // namespace transfer
