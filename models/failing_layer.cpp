#include "models/failing_layer.h"

#include <torch/csrc/jit/runtime/graph_executor.h>

#include "core/lack_of_resources.h"
#include "models/graph_calls.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

std::shared_ptr<Graph> flattened(const std::shared_ptr<Graph>& original) {
  auto graph = original->copy();
  inline_all_calls(*graph);
  return graph;
}

std::shared_ptr<Graph> flat_forward(const Module& module) {
  return flattened(module.get_method("forward").graph());
}

torch::jit::Stack run_graph(const std::shared_ptr<Graph>& graph, const Module& module,
                            const torch::Tensor& images) {
  const torch::NoGradGuard no_gradients;
  torch::jit::Stack stack{module._ivalue(), images.clone()};
  torch::jit::GraphExecutor(graph, "apart", torch::jit::ExecutorExecutionMode::SIMPLE).run(stack);
  return stack;
}

bool is_tensor_value(const Value* value) {
  return value->type()->isSubtypeOf(*c10::TensorType::get());
}

/// Whether the first `count` nodes run.
bool runs_up_to(std::size_t count, const Module& module, const torch::Tensor& images) {
  const auto graph = flat_forward(module);
  while (!graph->outputs().empty()) graph->eraseOutput(graph->outputs().size() - 1);
  std::vector<Node*> nodes(graph->nodes().begin(), graph->nodes().end());
  while (nodes.size() > count) {
    nodes.back()->destroy();
    nodes.pop_back();
  }
  // As outputs, they are not removed as dead.
  for (const Node* node : nodes) {
    for (Value* output : const_cast<Node*>(node)->outputs()) {
      if (is_tensor_value(output)) graph->registerOutput(output);
    }
  }
  try {
    run_graph(graph, module, images);
    return true;
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    return false;
  }
}

/// The layer whose weights the node reads.
std::string owner_of_weights(const Node* node, const Graph& graph) {
  for (const Value* input : node->inputs()) {
    const auto path = path_from_self(input, graph);
    if (!path || path->empty() || !is_tensor_value(input)) continue;
    const auto dot = path->rfind('.');
    return dot == std::string::npos ? "" : path->substr(0, dot);
  }
  return "";
}

/// The names of the modules whose methods led to the node.
std::string calling_modules(const Node* node) {
  std::string path;
  const auto callers = node->callstack();
  if (!callers) return path;
  for (const auto& entry : (*callers)->vec()) {
    const auto& instance = std::get<2>(entry);
    if (!instance || instance->instance_name() == "SELF") continue;
    if (!path.empty()) path += ".";
    path += instance->instance_name();
  }
  return path;
}

}  // namespace

torch::Tensor run_apart(const Module& module, const torch::Tensor& images) {
  return run_graph(flat_forward(module), module, images).at(0).toTensor();
}

torch::Tensor run_apart(const Module& module, const std::shared_ptr<Graph>& graph,
                        const torch::Tensor& images) {
  return run_graph(flattened(graph), module, images).at(0).toTensor();
}

std::string failing_layer(const Module& module, const torch::Tensor& images) {
  const auto graph = flat_forward(module);
  const std::vector<const Node*> nodes(graph->nodes().begin(), graph->nodes().end());
  std::size_t runs = 0;  // this many nodes run, and `fails` do not
  std::size_t fails = nodes.size();
  if (fails == 0 || runs_up_to(fails, module, images)) return "";
  while (fails - runs > 1) {
    const std::size_t middle = (runs + fails) / 2;
    (runs_up_to(middle, module, images) ? runs : fails) = middle;
  }
  const std::string owner = owner_of_weights(nodes[fails - 1], *graph);
  return owner.empty() ? calling_modules(nodes[fails - 1]) : owner;
}

}  // namespace transfer
