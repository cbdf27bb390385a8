#include "models/probed_stages.h"

#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>

#include "models/archive.h"
#include "models/stage_graph.h"

namespace transfer {
namespace {

bool is_convolution(const torch::jit::Value* value) {
  const auto kind = value->node()->kind();
  return kind == c10::aten::conv2d || kind == c10::aten::_convolution;
}

/// Whether the stage gives what a convolution computes and a BatchNorm reads.
bool splits_batch_norm(const Backbone& backbone, const std::string& stage) {
  const auto cut = graph_with_cuts(backbone.implementation().module, {stage}, backbone.file());
  torch::jit::Inline(*cut.graph);
  const auto* output = cut.graph->outputs()[cut.outputs.front()];
  const auto& uses = output->uses();
  return is_convolution(output) && std::any_of(uses.begin(), uses.end(), [](const auto& use) {
           return use.user->kind() == c10::aten::batch_norm;
         });
}

}  // namespace

std::vector<std::string> probed_stages(const Backbone& backbone) {
  std::vector<std::string> stages = backbone.metadata().stages;
  if (stages.empty()) return stages;
  stages.pop_back();
  std::vector<std::string> whole;
  for (const std::string& stage : stages) {
    if (!splits_batch_norm(backbone, stage)) whole.push_back(stage);
  }
  return whole.empty() ? stages : whole;
}

}  // namespace transfer
