#include "models/surgery.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "core/errors.h"

namespace transfer {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

/// The attribute path by which a value hangs off the graph's `self`, or nothing when it does not.
std::optional<std::string> path_from_self(const Value* value, const Graph& graph) {
  if (value == graph.inputs().at(0)) return "";
  const Node* node = value->node();
  if (node->kind() != c10::prim::GetAttr) return std::nullopt;
  const auto parent = path_from_self(node->input(0), graph);
  if (!parent) return std::nullopt;
  const std::string& name = node->s(c10::attr::name);
  return parent->empty() ? name : *parent + "." + name;
}

/// The graph a call runs, or nothing for any other node.
std::shared_ptr<Graph> callee(const Node* node) {
  if (node->kind() == c10::prim::CallMethod) {
    const auto type = node->input(0)->type()->cast<c10::ClassType>();
    if (!type) return nullptr;
    return torch::jit::toGraphFunction(type->getMethod(node->s(c10::attr::name))).graph();
  }
  if (node->kind() == c10::prim::CallFunction) {
    const auto type = node->input(0)->type()->cast<c10::FunctionType>();
    return torch::jit::toGraphFunction(*type->function()).graph();
  }
  return nullptr;
}

/// Replaces a call by the graph it runs.
void inline_call(Node* call) {
  const auto body = callee(call);
  auto* function = call->kind() == c10::prim::CallMethod
                       ? &torch::jit::toGraphFunction(
                             call->input(0)->type()->expect<c10::ClassType>()->getMethod(
                                 call->s(c10::attr::name)))
                       : &torch::jit::toGraphFunction(
                             *call->input(0)->type()->expect<c10::FunctionType>()->function());
  if (call->kind() == c10::prim::CallFunction) call->removeInput(0);
  torch::jit::inlineCallTo(call, function, body.get());
}

bool is_linear_with_weight(const Node* node) {
  return node->kind() == c10::aten::linear && node->input(1)->node()->kind() == c10::prim::GetAttr;
}

bool contains_linear(const Block* block);

bool leads_to_linear(const Node* node) {
  if (is_linear_with_weight(node)) return true;
  if (const auto body = callee(node)) return contains_linear(body->block());
  return std::any_of(node->blocks().begin(), node->blocks().end(), contains_linear);
}

bool contains_linear(const Block* block) {
  const auto nodes = block->nodes();
  return std::any_of(nodes.begin(), nodes.end(), leads_to_linear);
}

/// Inlines calls, one at a time, until the linear layer that runs last stands at the top level.
Node* expose_last_linear(Graph& graph, const std::string& file) {
  while (true) {
    Node* last = nullptr;
    for (Node* node : graph.nodes().reverse()) {
      if (leads_to_linear(node)) {
        last = node;
        break;
      }
    }
    if (last == nullptr) {
      throw ModelError(fmt::format(
          "{}: no linear (fully connected) layer was found, so there is no classifier to replace. "
          "Expected a CNN that ends in one, such as a torchvision or EfficientNet classifier.",
          file));
    }
    if (is_linear_with_weight(last)) return last;
    if (callee(last) == nullptr) {
      throw ModelError(fmt::format(
          "{}: its last linear layer runs inside a branch or a loop and cannot be cut off. Trace "
          "the model in evaluation mode, or export it without that branch.",
          file));
    }
    inline_call(last);
  }
}

/// Inlines calls until the call of the module at `stage` stands at the top level; nullptr when
/// nothing leads there.
Node* expose_stage(Graph& graph, const std::string& stage) {
  while (true) {
    Node* towards = nullptr;
    for (Node* node : graph.nodes().reverse()) {
      if (node->kind() != c10::prim::CallMethod) continue;
      const auto path = path_from_self(node->input(0), graph);
      if (!path) continue;
      if (*path == stage) return node;
      if (path->empty() || stage.starts_with(*path + ".")) {
        towards = node;
        break;
      }
    }
    if (towards == nullptr) return nullptr;
    inline_call(towards);
  }
}

/// Makes `value` the graph's only output and removes all that runs after it.
void end_at(Graph& graph, Value* value) {
  while (!graph.outputs().empty()) graph.eraseOutput(graph.outputs().size() - 1);
  graph.registerOutput(value);
  std::vector<Node*> behind;
  for (Node* node : graph.nodes().reverse()) {
    if (node == value->node()) break;
    behind.push_back(node);
  }
  for (Node* node : behind) {
    const auto outputs = node->outputs();
    const bool unused = std::none_of(outputs.begin(), outputs.end(),
                                     [](const Value* output) { return output->hasUses(); });
    if (unused) node->destroy();
  }
}

void replace_forward(Module& module, std::shared_ptr<Graph> graph) {
  const auto unit = module._ivalue()->compilation_unit();
  const c10::QualifiedName name(*module.type()->name(), "forward");
  module.type()->unsafeRemoveMethod("forward");
  unit->unsafeRemoveMethod(name);
  auto* function = unit->create_function(name, std::move(graph));
  module.type()->addMethod(function);
}

/// Empties every tensor that `forward` does not read.
void drop_unread_tensors(Module& module) {
  const auto paths = tensors_read_by_forward(module);
  const std::set<std::string> read(paths.begin(), paths.end());
  for (const auto& owner : module.named_modules()) {
    const std::string prefix = owner.name.empty() ? "" : owner.name + ".";
    std::vector<std::string> unread;
    for (const auto& tensor : owner.value.named_parameters(/*recurse=*/false)) {
      if (!read.contains(prefix + tensor.name)) unread.push_back(tensor.name);
    }
    for (const auto& tensor : owner.value.named_buffers(/*recurse=*/false)) {
      if (!read.contains(prefix + tensor.name)) unread.push_back(tensor.name);
    }
    for (const auto& name : unread) {
      const auto old = owner.value.attr(name).toTensor();
      owner.value._ivalue()->setAttr(name, torch::empty({0}, old.options()));
    }
  }
}

template <typename FindCut>
Module cut_copy(const Module& module, FindCut find_cut) {
  torch::NoGradGuard no_gradients;
  Module copy = module.clone();
  const auto graph = copy.get_method("forward").graph()->copy();
  end_at(*graph, find_cut(*graph));
  torch::jit::EliminateDeadCode(graph);
  graph->lint();
  replace_forward(copy, graph);
  drop_unread_tensors(copy);
  return copy;
}

}  // namespace

LastLinear find_last_linear(const Module& module, const std::string& file) {
  const auto graph = module.get_method("forward").graph()->copy();
  const Node* linear = expose_last_linear(*graph, file);
  const auto weight_path = path_from_self(linear->input(1), *graph);
  if (!weight_path) {
    throw ModelError(
        fmt::format("{}: the weight of its last linear layer is computed, not stored, "
                    "so the layer cannot be replaced.",
                    file));
  }
  LastLinear found;
  const auto dot = weight_path->rfind('.');
  found.path = dot == std::string::npos ? "" : weight_path->substr(0, dot);
  Module owner = module;
  std::string rest = *weight_path;
  for (auto next = rest.find('.'); next != std::string::npos; next = rest.find('.')) {
    owner = owner.attr(rest.substr(0, next)).toModule();
    rest = rest.substr(next + 1);
  }
  const auto weight = owner.attr(rest).toTensor();
  found.out_features = weight.size(0);
  found.in_features = weight.size(1);
  return found;
}

Module cut_before_last_linear(const Module& module, const std::string& file) {
  return cut_copy(module, [&](Graph& graph) { return expose_last_linear(graph, file)->input(0); });
}

Module cut_after_stage(const Module& module, const std::string& stage, const std::string& file) {
  return cut_copy(module, [&](Graph& graph) {
    Node* call = expose_stage(graph, stage);
    if (call == nullptr) {
      throw ModelError(
          fmt::format("{}: stage '{}' is not called by forward, so the network cannot "
                      "be cut there. `transfer inspect` lists the stages.",
                      file, stage));
    }
    return call->output();
  });
}

std::vector<std::string> tensors_read_by_forward(const Module& module) {
  const auto graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  std::set<std::string> paths;
  const std::function<void(const Block*)> visit = [&](const Block* block) {
    for (const Node* node : block->nodes()) {
      if (node->kind() == c10::prim::GetAttr) {
        const auto path = path_from_self(node->output(), *graph);
        if (path) paths.insert(*path);
      }
      for (const Block* inner : node->blocks()) visit(inner);
    }
  };
  visit(graph->block());
  return {paths.begin(), paths.end()};
}

}  // namespace transfer
