#include "models/folding.h"

#include <torch/csrc/jit/passes/fold_conv_bn.h>

#include <map>

#include "models/graph_calls.h"
#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

bool runs_in_a_loop(const Node* node) {
  for (const Node* owner = node->owningBlock()->owningNode(); owner != nullptr;
       owner = owner->owningBlock()->owningNode()) {
    if (owner->kind() == c10::prim::Loop) return true;
  }
  return false;
}

/// How often `forward` runs each layer, and how often operators use each tensor, by its memory.
struct Uses {
  std::map<const void*, int> layers;
  std::map<const void*, int> tensors;
};

/// Follows the calls of a method of `owner` down to the layers, loops counted twice.
void count_calls(const Module& owner, const Graph& graph, int times, Uses& uses) {
  for_each_node(const_cast<Graph&>(graph).block(), [&](Node* node) {
    const auto path = called_path(node, graph);
    const auto body = callee(node);
    if (!path || body == nullptr) return;
    const auto called = path->empty() ? c10::IValue(owner._ivalue()) : attribute_at(owner, *path);
    if (!called.isModule()) return;
    const int here = runs_in_a_loop(node) ? 2 * times : times;
    if (!path->empty()) uses.layers[called.toObject().get()] += here;
    count_calls(called.toModule(), *body, here, uses);
  });
}

/// Tensors that several layers share count once for each.
void count_tensors(const Module& module, Uses& uses) {
  const auto graph = module.get_method("forward").graph()->copy();
  inline_all_calls(*graph);
  for_each_node(graph->block(), [&](Node* node) {
    if (!node->kind().is_aten()) return;
    for (const Value* input : node->inputs()) {
      if (!input->type()->isSubtypeOf(*c10::TensorType::get())) continue;
      const auto path = path_from_self(input, *graph);
      if (!path || path->empty()) continue;
      const auto value = attribute_at(module, *path);
      if (value.isTensor() && value.toTensor().defined()) {
        ++uses.tensors[value.toTensor().data_ptr()];
      }
    }
  });
}

bool is_shared(const Module& layer, const Uses& uses) {
  const auto runs = uses.layers.find(layer._ivalue().get());
  if (runs != uses.layers.end() && runs->second > 1) return true;
  for (const auto& parameter : layer.named_parameters(/*recurse=*/false)) {
    const auto found = uses.tensors.find(parameter.value.data_ptr());
    if (found != uses.tensors.end() && found->second > 1) return true;
  }
  return false;
}

/// Separates a convolution from the norm behind it, so that the pair is not folded.
void separate(Node* norm_call, Graph& graph) {
  const torch::jit::WithInsertPoint before(norm_call);
  norm_call->replaceInput(1, graph.insert(c10::aten::alias, {norm_call->input(1)}));
}

/// Separates the pairs that share a layer in the methods of `owner`.
void separate_shared(const Module& owner, const Uses& uses) {
  const auto calls_shared = [&](const Node* call, const Graph& graph) {
    const auto path = called_path(call, graph);
    if (!path || path->empty()) return false;
    const auto layer = attribute_at(owner, *path);
    return layer.isModule() && is_shared(layer.toModule(), uses);
  };
  for (const auto& method : owner.get_methods()) {
    const auto graph = method.graph();
    for_each_node(graph->block(), [&](Node* node) {
      if (node->kind() != c10::prim::CallMethod || node->inputs().size() != 2) return;
      const Node* producer = node->input(1)->node();
      if (producer->kind() != c10::prim::CallMethod) return;
      if (calls_shared(node, *graph) || calls_shared(producer, *graph)) separate(node, *graph);
    });
  }
}

}  // namespace

Module fold_batch_norms(const Module& module) {
  Uses uses;
  count_calls(module, *module.get_method("forward").graph(), 1, uses);
  count_tensors(module, uses);
  for (const auto& entry : module.named_modules()) separate_shared(entry.value, uses);
  return torch::jit::FoldConvBatchNorm(module);
}

}  // namespace transfer
