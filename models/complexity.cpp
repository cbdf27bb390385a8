#include "models/complexity.h"

#include <set>

#include "models/archive.h"
#include "models/blank_image.h"
#include "models/graph_outputs.h"
#include "models/surgery.h"

namespace transfer {
namespace {

std::int64_t parameters_read_by(const std::shared_ptr<torch::jit::Graph>& graph,
                                const torch::jit::Module& module) {
  const auto paths = tensors_read_by(graph);
  const std::set<std::string> read(paths.begin(), paths.end());
  std::int64_t count = 0;
  for (const auto& parameter : module.named_parameters()) {
    if (read.contains(parameter.name)) count += parameter.value.numel();
  }
  return count;
}

}  // namespace

std::vector<StageComplexity> measure_complexity(const Backbone& backbone) {
  const auto& module = backbone.implementation().module;
  const std::string& file = backbone.file();
  const std::vector<std::string>& stages = backbone.metadata().stages;
  const auto outputs = run_blank_image(backbone, stages);
  std::vector<StageComplexity> result;
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const bool is_stage = i < stages.size();
    const auto graph =
        is_stage ? graph_up_to_stage(module, stages[i], file) : logits_graph(module, file);
    const std::int64_t parameters_here = parameters_read_by(graph, module);
    result.push_back({is_stage ? stages[i] : backbone.classifier_name(),
                      {outputs[i].shape.begin() + 1, outputs[i].shape.end()},
                      parameters_here - parameters,
                      outputs[i].multiply_adds - multiply_adds});
    parameters = parameters_here;
    multiply_adds = outputs[i].multiply_adds;
  }
  return result;
}

}  // namespace transfer
