#include "models/classifier.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "models/archive.h"
#include "models/composition.h"
#include "models/inference_module.h"
#include "models/weights.h"

namespace transfer {

void write_classifier(const Backbone& backbone, const LinearHead& head,
                      const std::vector<std::string>& classes, const std::filesystem::path& file) {
  torch::NoGradGuard no_gradients;
  auto whole =
      compose(cut_before_classifier(backbone.implementation().module, backbone.file()), head);
  whole.eval();
  ModelMetadata metadata = backbone.metadata();
  metadata.kind = "classifier";
  metadata.classes = classes;
  for (std::string& stage : metadata.stages) stage = "trunk." + stage;
  metadata.weights_sha256 = weights_sha256(whole);
  write_archive(whole, metadata, file);
}

struct Classifier::Implementation {
  torch::jit::Module module;
  ModelMetadata metadata;
  torch::Device device;
};

Classifier::Classifier(const std::filesystem::path& file, torch::Device device) {
  Archive archive = read_archive(file);
  if (!archive.metadata || archive.metadata->kind != "classifier" ||
      archive.metadata->classes.empty()) {
    throw ModelError(fmt::format(
        "{}: is not a model that `transfer` trained: no class names are inside. Expected the "
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
