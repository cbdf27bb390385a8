#include "models/probed_stages.h"

#include <algorithm>

#include "models/archive.h"
#include "models/graph_calls.h"
#include "models/stage_graph.h"

namespace transfer {
namespace {

bool is_convolution(const torch::jit::Value* value) {
  const auto kind = value->node()->kind();
  return kind == c10::aten::conv2d || kind == c10::aten::_convolution;
}

/// Whether a value lies between a convolution and its BatchNorm.
bool splits_batch_norm(const torch::jit::Value* value) {
  const auto& uses = value->uses();
  return is_convolution(value) && std::any_of(uses.begin(), uses.end(), [](const auto& use) {
           return use.user->kind() == c10::aten::batch_norm;
         });
}

}  // namespace

std::string stage_title(const std::string& stage) { return stage.empty() ? kPenultimate : stage; }

std::vector<std::string> probed_stages(const Backbone& backbone) {
  std::vector<std::string> stages = backbone.metadata().stages;
  if (stages.empty()) return stages;
  stages.pop_back();
  const auto& network = backbone.implementation();
  const auto cuts = graph_with_cuts(network.module, network.classifier, stages, backbone.file());
  inline_all_calls(*cuts.graph);
  std::vector<std::string> whole;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (!splits_batch_norm(cuts.graph->outputs()[cuts.outputs[i]])) whole.push_back(stages[i]);
  }
  return whole.empty() ? stages : whole;
}

}  // namespace transfer
