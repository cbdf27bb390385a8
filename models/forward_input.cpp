#include "models/forward_input.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "models/module_graphs.h"

namespace transfer {

void refuse_other_input(const torch::jit::Module& module, const std::string& file) {
  const auto& arguments = module.get_method("forward").function().getSchema().arguments();
  if (arguments.size() < 2) return;  // refused with the outputs
  const auto& type = *arguments[1].type();
  if (c10::TensorType::get()->isSubtypeOf(type)) return;
  throw ModelError(fmt::format(
      "{}: forward takes '{}' as {}. Expected one tensor of images [N,C,H,W], as classifiers take "
      "it. For a detection or segmentation network, export its backbone alone: "
      "torch.jit.script(model.backbone.eval()).save(\"backbone.pt\").",
      file, arguments[1].name(), type.annotation_str()));
}

void refuse_seeding(const torch::jit::Module& module, const std::string& file) {
  for_each_graph(module, [&file](torch::jit::Graph& graph) {
    for_each_node(graph.block(), [&file](torch::jit::Node* node) {
      if (node->kind() != c10::Symbol::fromQualString("aten::manual_seed")) return;
      throw ModelError(
          fmt::format("{}: its program sets the seed of random numbers (torch.manual_seed) and "
                      "draws from them. "
                      "Export it with a forward that draws none, or draws only `if self.training`.",
                      file));
    });
  });
}

}  // namespace transfer
