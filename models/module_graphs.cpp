#include "models/module_graphs.h"

#include <torch/csrc/jit/api/function_impl.h>

#include <set>

#include "models/graph_calls.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;

void for_each_node(Block* block, const std::function<void(Node*)>& visit) {
  const std::vector<Node*> nodes(block->nodes().begin(), block->nodes().end());
  for (Node* node : nodes) {
    for (Block* inner : node->blocks()) for_each_node(inner, visit);
    visit(node);
  }
}

void for_each_graph(const torch::jit::Module& module, const std::function<void(Graph&)>& visit) {
  std::set<const Graph*> seen;
  const std::function<void(const std::shared_ptr<Graph>&)> enter =
      [&](const std::shared_ptr<Graph>& graph) {
        if (!seen.insert(graph.get()).second) return;
        visit(*graph);
        for_each_node(graph->block(), [&enter](Node* node) {
          if (node->kind() != c10::prim::CallFunction) return;
          if (const auto body = callee(node)) enter(body);
        });
      };
  for (const auto& entry : module.named_modules()) {
    for (auto* method : entry.value.type()->methods()) {
      auto* function = torch::jit::tryToGraphFunction(*method);
      if (function != nullptr) enter(function->graph());
    }
  }
}

std::int64_t argument_position(const Node* node, const std::string& name) {
  const auto* schema = node->maybeSchema();
  if (schema == nullptr) return -1;
  const auto position = schema->argumentIndexWithName(name);
  if (!position || static_cast<std::size_t>(*position) >= node->inputs().size()) return -1;
  return *position;
}

}  // namespace transfer
