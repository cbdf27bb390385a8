#include "models/classifier.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "models/archive.h"
#include "models/inference_module.h"
#include "models/weights.h"

namespace transfer {
namespace {

torch::jit::Module head_module(const LinearHead& head,
                               const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  torch::jit::Module module("__torch__.transfer.LinearHead", unit, /*shouldMangle=*/true);
  module.register_parameter("weight", head.weight.detach().cpu().clone(), /*is_buffer=*/false);
  module.register_parameter("bias", head.bias.detach().cpu().clone(), /*is_buffer=*/false);
  module.define(R"(
def forward(self, features: Tensor) -> Tensor:
    return torch.linear(features, self.weight, self.bias)
)");
  return module;
}

torch::jit::Module compose(const torch::jit::Module& trunk, const LinearHead& head) {
  const auto unit = trunk._ivalue()->compilation_unit();
  // Mangled, since a backbone that this program trained brings classes of these names.
  torch::jit::Module whole("__torch__.transfer.Classifier", unit, /*shouldMangle=*/true);
  whole.register_module("trunk", trunk);
  whole.register_module("head", head_module(head, unit));
  whole.define(R"(
def features(self, x: Tensor) -> Tensor:
    return torch.flatten(self.trunk.forward(x), 1)
)");
  whole.define(R"(
def forward(self, x: Tensor) -> Tensor:
    return self.head.forward(self.features(x))
)");
  whole.define(R"(
def predict(self, x: Tensor) -> Tensor:
    return torch.softmax(self.forward(x), 1)
)");
  return whole;
}

}  // namespace

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
