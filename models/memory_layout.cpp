#include "models/memory_layout.h"

#include "models/graph_outputs.h"
#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

namespace {

void replace_by(c10::Symbol kind, Node* node, Graph& graph) {
  const torch::jit::WithInsertPoint before(node);
  Value* value = graph.insert(kind, {node->input(0), node->input(1)});
  value->setType(node->output()->type());
  value->node()->copyMetadata(node);
  node->output()->replaceAllUsesWith(value);
  node->destroy();
}

}  // namespace

void replace_views(const torch::jit::Module& module) {
  for_each_graph(module, [](Graph& graph) {
    for_each_node(graph.block(), [&graph](Node* node) {
      // The other `view` takes a number type.
      const bool is_view = node->kind() == c10::aten::view && argument_position(node, "size") == 1;
      if (is_view) {
        replace_by(c10::aten::reshape, node, graph);
      } else if (node->kind() == c10::aten::view_as) {
        replace_by(c10::aten::reshape_as, node, graph);
      }
    });
  });
}

void protect_image(torch::jit::Module& module) {
  const auto graph = module.get_method("forward").graph();
  if (graph->inputs().size() < 2 || !writes_to_its_inputs(graph, /*has_self=*/true)) return;
  Value* image = graph->inputs()[1];
  const torch::jit::WithInsertPoint first(*graph->nodes().begin());
  Value* copy = graph->insert(c10::aten::clone, {image});
  image->replaceAllUsesAfterNodeWith(copy->node(), copy);
}

}  // namespace transfer
