#include "models/graph_calls.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/constant_propagation.h>

#include <functional>

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

torch::jit::GraphFunction* called_function(const Node* node) {
  if (node->kind() == c10::prim::CallMethod) {
    const auto type = node->input(0)->type()->cast<c10::ClassType>();
    if (!type) return nullptr;  // an interface
    return torch::jit::tryToGraphFunction(type->getMethod(node->s(c10::attr::name)));
  }
  if (node->kind() == c10::prim::CallFunction) {
    const auto type = node->input(0)->type()->cast<c10::FunctionType>();
    return type ? torch::jit::tryToGraphFunction(*type->function()) : nullptr;
  }
  return nullptr;
}

bool is_setting(const c10::IValue& value) {
  return value.isBool() || value.isInt() || value.isDouble() || value.isString() || value.isNone();
}

}  // namespace

std::optional<std::string> path_from_self(const Value* value, const Graph& graph) {
  if (value == graph.inputs().at(0)) return "";
  const Node* node = value->node();
  if (node->kind() != c10::prim::GetAttr) return std::nullopt;
  const auto parent = path_from_self(node->input(0), graph);
  if (!parent) return std::nullopt;
  const std::string& name = node->s(c10::attr::name);
  return parent->empty() ? name : *parent + "." + name;
}

std::shared_ptr<Graph> callee(const Node* node) {
  auto* function = called_function(node);
  return function == nullptr ? nullptr : function->graph();
}

std::optional<std::string> called_path(const Node* node, const Graph& graph) {
  if (node->kind() != c10::prim::CallMethod) return std::nullopt;
  return path_from_self(node->input(0), graph);
}

std::vector<Value*> inline_call(Node* call) {
  auto* function = called_function(call);
  const auto body = function->graph();
  if (call->kind() == c10::prim::CallFunction) call->removeInput(0);
  return torch::jit::inlineCallTo(call, function, body.get());
}

void inline_all_calls(Graph& graph) {
  const std::function<void(Block*)> visit = [&](Block* block) {
    for (auto it = block->nodes().begin(); it != block->nodes().end();) {
      Node* node = *it;
      if (callee(node) != nullptr) {
        Node* before = node->prev();  // the block's own node in front of the first
        inline_call(node);
        it = before->iterator();
        ++it;
        continue;
      }
      for (Block* inner : node->blocks()) visit(inner);
      ++it;
    }
  };
  visit(graph.block());
}

c10::IValue attribute_at(const Module& module, const std::string& path) {
  Module owner = module;
  std::string rest = path;
  for (auto dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
    owner = owner.attr(rest.substr(0, dot)).toModule();
    rest = rest.substr(dot + 1);
  }
  return owner.attr(rest);
}

void fold_known_branches(std::shared_ptr<Graph>& graph, const Module& module) {
  const std::function<void(Block*)> visit = [&](Block* block) {
    for (Node* node : block->nodes()) {
      for (Block* inner : node->blocks()) visit(inner);
      if (node->kind() != c10::prim::GetAttr || node->s(c10::attr::name) == "training") continue;
      const auto path = path_from_self(node->output(), *graph);
      if (!path) continue;
      const auto value = attribute_at(module, *path);
      if (!is_setting(value)) continue;
      const torch::jit::WithInsertPoint before(node);
      node->output()->replaceAllUsesWith(graph->insertConstant(value));
    }
  };
  visit(graph->block());
  torch::jit::ConstantPropagation(graph);
}

}  // namespace transfer
