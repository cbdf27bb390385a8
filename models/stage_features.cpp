#include "models/stage_features.h"

#include "core/lack_of_resources.h"
#include "models/archive.h"
#include "models/blank_image.h"
#include "models/dry_pass.h"
#include "models/graph_outputs.h"
#include "models/stage_graph.h"
#include "models/surgery.h"

namespace transfer {
namespace {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Value;

/// Shape of the output of `forward` for a blank image.
std::vector<std::int64_t> output_shape(Module module, const Backbone& backbone) {
  torch::NoGradGuard no_gradients;
  module.eval();
  const Preprocessing& p = backbone.metadata().preprocessing;
  try {
    const auto image = torch::zeros({1, p.channels, p.height, p.width});
    // A copy, since a method that has run keeps its execution plan and ignores later edits.
    return copy_with_weights(module).forward({image}).toTensor().sizes().vec();
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    throw explain_failed_pass(backbone, error);
  }
}

/// A module that is cut at one place.
Module cut_once(const Backbone& backbone, const std::string& cut) {
  const Module& module = backbone.implementation().module;
  if (cut.empty()) {
    return cut_before_classifier(module, backbone.implementation().classifier, backbone.file());
  }
  Module stage = cut_after_stage(module, cut, backbone.file());
  average_output(stage, pooled_dimensions(output_shape(stage, backbone)));
  return stage;
}

/// Number of features after averaging an output of that shape over the dimensions.
std::int64_t pooled_width(const std::vector<std::int64_t>& shape,
                          const std::vector<std::int64_t>& dimensions) {
  const bool channels_come_last = !dimensions.empty() && dimensions.front() == 1;
  return channels_come_last ? shape.back() : shape.at(1);
}

}  // namespace

FeatureCut cut_for_features(const Backbone& backbone, const std::vector<std::string>& cuts) {
  FeatureCut result;
  if (cuts.size() == 1) {
    result.module = cut_once(backbone, cuts.front());
    result.widths = {output_shape(result.module, backbone).at(1)};
    return result;
  }
  result.module = copy_with_weights(backbone.implementation().module);
  const auto outputs = run_blank_image(backbone, cuts);
  const auto& classifier = backbone.implementation().classifier;
  const auto cut = graph_with_cuts(result.module, classifier, cuts, backbone.file());
  std::vector<Value*> features;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    Value* value = cut.graph->outputs()[cut.outputs[i]];
    result.multiply_adds.push_back(outputs[i].multiply_adds);
    if (cuts[i].empty()) {
      result.widths.push_back(pooled_width(outputs[i].shape, classifier.pooled));
      features.push_back(features_from(*cut.graph, value, classifier));
      continue;
    }
    const auto dimensions = pooled_dimensions(outputs[i].shape);
    result.widths.push_back(pooled_width(outputs[i].shape, dimensions));
    features.push_back(average_over(*cut.graph, value, dimensions));
  }
  const auto& graph = cut.graph;
  const torch::jit::WithInsertPoint at_the_end(graph->return_node());
  Value* list = graph->insertNode(graph->createList(c10::TensorType::get(), features))->output();
  end_at(*graph, graph->insert(c10::aten::cat, {list, 1}));
  remove_unused(graph);
  replace_forward(result.module, graph);
  return result;
}

}  // namespace transfer
