#include "models/composition.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/archive.h"
#include "models/graph_outputs.h"
#include "models/image_methods.h"
#include "models/weights.h"

namespace transfer {
namespace {

using torch::jit::Module;
using Unit = std::shared_ptr<torch::jit::CompilationUnit>;

void register_layer(Module& module, const LinearLayer& layer) {
  module.register_parameter("weight", layer.weight.detach().cpu().clone(), /*is_buffer=*/false);
  module.register_parameter("bias", layer.bias.detach().cpu().clone(), /*is_buffer=*/false);
  for (torch::Tensor parameter : module.parameters()) parameter.set_requires_grad(true);
}

std::string hidden_name(std::size_t position) { return fmt::format("hidden{}", position); }

Module hidden_module(const LinearLayer& layer, const Unit& unit) {
  Module module("__torch__.transfer.LinearLayer", unit, /*shouldMangle=*/true);
  register_layer(module, layer);
  module.define(R"(
def forward(self, x: Tensor) -> Tensor:
    return torch.linear(x, self.weight, self.bias)
)");
  return module;
}

Module head_module(const Head& head, const Unit& unit) {
  Module module("__torch__.transfer.Head", unit, /*shouldMangle=*/true);
  register_layer(module, head.last());
  module.register_attribute("training", c10::BoolType::get(), true);
  std::string forward = "def forward(self, x: Tensor) -> Tensor:\n";
  for (std::size_t i = 0; i + 1 < head.layers.size(); ++i) {
    module.register_module(hidden_name(i), hidden_module(head.layers[i], unit));
    forward += fmt::format("    x = torch.{}(self.{}.forward(x))\n", name_of(head.activation),
                           hidden_name(i));
    if (head.dropout > 0) {
      forward += fmt::format("    x = torch.dropout(x, {:#}, self.training)\n", head.dropout);
    }
  }
  module.define(forward + "    return torch.linear(x, self.weight, self.bias)\n");
  return module;
}

/// The stages, of all that the backbone has, whose outputs the blocks are made of.
std::vector<std::string> pooled_stages(const std::vector<FeatureBlock>& blocks,
                                       const std::vector<std::string>& stages) {
  std::vector<std::string> pooled;
  for (const std::string& stage : stages) {
    const bool is_last = &stage == &stages.back();
    const bool is_used = std::any_of(blocks.begin(), blocks.end(), [&](const FeatureBlock& block) {
      return block.stage == stage || (block.stage.empty() && is_last);
    });
    if (is_used) pooled.push_back(stage);
  }
  return pooled;
}

void copy_weights(const Module& module, const LinearLayer& layer) {
  module.attr("weight").toTensor().copy_(layer.weight);
  module.attr("bias").toTensor().copy_(layer.bias);
}

}  // namespace

Module compose(const Module& trunk, const Head& head) {
  const auto unit = trunk._ivalue()->compilation_unit();
  // Mangled, since a backbone that this program trained already has classes of these names.
  Module whole("__torch__.transfer.Classifier", unit, /*shouldMangle=*/true);
  whole.register_attribute("training", c10::BoolType::get(), false);  // Python reads it
  whole.register_module("trunk", trunk);
  whole.register_module("head", head_module(head, unit));
  whole.define(R"(
def features(self, x: Tensor) -> Tensor:
    return torch.flatten(self.trunk.forward(x), 1).float()
)");
  whole.define(R"(
def forward(self, x: Tensor) -> Tensor:
    return self.head.forward(self.features(x))
)");
  return whole;
}

void define_prediction(Module& whole, TargetKind kind, double temperature) {
  std::string prediction = "self.forward(x)";
  if (temperature != 1) prediction += fmt::format(" / {:#.17g}", temperature);
  if (kind == TargetKind::kClass) prediction = fmt::format("torch.softmax({}, 1)", prediction);
  if (kind == TargetKind::kLabels) prediction = "torch.sigmoid(self.forward(x))";
  whole.define("def predict(self, x: Tensor) -> Tensor:\n    return " + prediction + "\n");
}

Module with_features(const Module& whole) {
  Module copy = whole.clone();
  copy.define(R"(
def transfer_outputs_and_features(self, x: Tensor) -> Tensor:
    features = self.features(x)
    return torch.cat([self.head.forward(features), features], 1)
)");
  replace_forward(copy, copy.get_method("transfer_outputs_and_features").graph()->copy());
  return copy;
}

void set_head(Module& whole, const Head& head) {
  torch::NoGradGuard no_gradients;
  const Module module = whole.attr("head").toModule();
  for (std::size_t i = 0; i + 1 < head.layers.size(); ++i) {
    copy_weights(module.attr(hidden_name(i)).toModule(), head.layers[i]);
  }
  copy_weights(module, head.last());
}

ModelMetadata metadata_of(const Backbone& backbone, const std::vector<FeatureBlock>& blocks) {
  ModelMetadata metadata = backbone.metadata();
  auto& stages = metadata.stages;
  if (blocks != means_of({""})) metadata.pooled_stages.clear();
  if (blocks.size() > 1) metadata.pooled_stages = pooled_stages(blocks, stages);
  auto first = stages.end();
  for (const FeatureBlock& block : blocks) {
    first = std::min(first, std::find(stages.begin(), stages.end(), block.stage));
  }
  if (first != stages.end()) stages.erase(first + 1, stages.end());
  return metadata;
}

std::vector<std::string> composed_stages(std::vector<std::string> stages) {
  for (std::string& stage : stages) stage.insert(0, "trunk.");
  return stages;
}

void write_composition(Module whole, ModelMetadata backbone,
                       const std::vector<std::string>& classes, const Objective& objective,
                       const std::filesystem::path& file,
                       const std::optional<ExpectedOutputs>& expected,
                       const Confidence& confidence) {
  whole.eval();
  backbone.kind = ModelKind::kClassifier;
  backbone.classes = classes;
  backbone.objective = objective;
  // The backbone may be a classifier itself.
  backbone.calibration = confidence.calibration;
  backbone.stages = composed_stages(std::move(backbone.stages));
  backbone.pooled_stages = composed_stages(std::move(backbone.pooled_stages));
  backbone.weights_sha256 = weights_sha256(whole);
  add_image_methods(whole, backbone);
  ArchiveCheck check;
  if (expected) {
    check = [&](const Module& reloaded) {
      require_same_outputs(reloaded, *expected, objective.targets(), file.string());
    };
  }
  write_archive(whole, backbone, file, check, confidence.known);
}

}  // namespace transfer
