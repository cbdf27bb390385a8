#include "models/composition.h"

#include "models/archive.h"
#include "models/weights.h"

namespace transfer {
namespace {

torch::jit::Module head_module(const LinearHead& head,
                               const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  torch::jit::Module module("__torch__.transfer.LinearHead", unit, /*shouldMangle=*/true);
  module.register_parameter("weight", head.weight.detach().cpu().clone(), /*is_buffer=*/false);
  module.register_parameter("bias", head.bias.detach().cpu().clone(), /*is_buffer=*/false);
  for (torch::Tensor parameter : module.parameters()) parameter.set_requires_grad(true);
  module.define(R"(
def forward(self, features: Tensor) -> Tensor:
    return torch.linear(features, self.weight, self.bias)
)");
  return module;
}

}  // namespace

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
  return whole;
}

void define_prediction(torch::jit::Module& whole, TargetKind kind) {
  std::string prediction = "self.forward(x)";
  if (kind == TargetKind::kClass) prediction = "torch.softmax(self.forward(x), 1)";
  if (kind == TargetKind::kLabels) prediction = "torch.sigmoid(self.forward(x))";
  whole.define("def predict(self, x: Tensor) -> Tensor:\n    return " + prediction + "\n");
}

std::vector<std::string> composed_stages(std::vector<std::string> stages) {
  for (std::string& stage : stages) stage.insert(0, "trunk.");
  return stages;
}

void write_composition(torch::jit::Module whole, ModelMetadata backbone,
                       const std::vector<std::string>& classes, const Objective& objective,
                       const std::filesystem::path& file) {
  whole.eval();
  backbone.kind = "classifier";
  backbone.classes = classes;
  backbone.objective = objective;
  backbone.stages = composed_stages(std::move(backbone.stages));
  backbone.weights_sha256 = weights_sha256(whole);
  write_archive(whole, backbone, file);
}

}  // namespace transfer
