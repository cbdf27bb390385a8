#include "models/stage_graph.h"

#include "models/surgery.h"

namespace transfer {

StageGraph graph_with_cuts(const torch::jit::Module& module, const ClassifierLayer& classifier,
                           const std::vector<std::string>& cuts, const std::string& file) {
  // Checked one at a time: in one graph, the cuts would look like bypasses of each other.
  for (const std::string& cut : cuts) {
    if (!cut.empty()) graph_up_to_stage(module, cut, file);
  }
  const auto exposed = expose_classifier(module, classifier, file);
  StageGraph result{exposed.graph, {}};
  // As outputs of the graph, the values survive the edits for later cuts.
  result.graph->registerOutput(exposed.input);
  for (const std::string& cut : cuts) {
    if (cut.empty()) {
      result.outputs.push_back(1);
      continue;
    }
    result.outputs.push_back(result.graph->outputs().size());
    result.graph->registerOutput(expose_stage_in(result.graph, module, cut, file));
  }
  result.outputs.push_back(0);
  return result;
}

}  // namespace transfer
