#include "models/stage_features.h"

#include <algorithm>

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

/// Number of features of each channel.
std::int64_t parts_of(Pooling pooling) {
  constexpr std::int64_t kQuarters = 4;
  return pooling == Pooling::kQuarters ? kQuarters : 1;
}

Value* pooled(Graph& graph, Value* value, Pooling pooling,
              const std::vector<std::int64_t>& dimensions) {
  switch (pooling) {
    case Pooling::kMean: return average_over(graph, value, dimensions);
    case Pooling::kDeviation: return deviation_over(graph, value, dimensions);
    case Pooling::kQuarters: return quarters_of(graph, value, dimensions);
  }
  return nullptr;
}

/// The stages of the blocks, each once.
std::vector<std::string> stages_of(const std::vector<FeatureBlock>& blocks) {
  std::vector<std::string> stages;
  for (const FeatureBlock& block : blocks) {
    if (std::find(stages.begin(), stages.end(), block.stage) == stages.end()) {
      stages.push_back(block.stage);
    }
  }
  return stages;
}

}  // namespace

FeatureCut cut_for_blocks(const Backbone& backbone, const std::vector<FeatureBlock>& blocks) {
  FeatureCut result;
  if (blocks.size() == 1 && blocks.front().pooling == Pooling::kMean) {
    result.module = cut_once(backbone, blocks.front().stage);
    result.widths = {output_shape(result.module, backbone).at(1)};
    return result;
  }
  const auto cuts = stages_of(blocks);
  result.module = copy_with_weights(backbone.implementation().module);
  const auto outputs = run_blank_image(backbone, cuts);
  const auto& classifier = backbone.implementation().classifier;
  const auto cut = graph_with_cuts(result.module, classifier, cuts, backbone.file());
  const auto& graph = cut.graph;
  std::vector<Value*> features;
  for (const FeatureBlock& block : blocks) {
    const auto i =
        static_cast<std::size_t>(std::find(cuts.begin(), cuts.end(), block.stage) - cuts.begin());
    Value* value = graph->outputs()[cut.outputs[i]];
    const auto& shape = outputs[i].shape;
    result.multiply_adds.push_back(outputs[i].multiply_adds);
    const auto dimensions = block.stage.empty() ? classifier.pooled : pooled_dimensions(shape);
    result.widths.push_back(pooled_width(shape, dimensions) * parts_of(block.pooling));
    features.push_back(block.stage.empty() ? features_from(*graph, value, classifier)
                                           : pooled(*graph, value, block.pooling, dimensions));
  }
  const torch::jit::WithInsertPoint at_the_end(graph->return_node());
  Value* list = graph->insertNode(graph->createList(c10::TensorType::get(), features))->output();
  end_at(*graph, graph->insert(c10::aten::cat, {list, 1}));
  remove_unused(graph);
  replace_forward(result.module, graph);
  drop_unread_tensors(result.module);
  return result;
}

FeatureCut cut_for_features(const Backbone& backbone, const std::vector<std::string>& cuts) {
  return cut_for_blocks(backbone, means_of(cuts));
}

}  // namespace transfer
