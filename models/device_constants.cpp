#include "models/device_constants.h"

#include <torch/csrc/jit/ir/constants.h>

#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

bool is_tensor(const Value* value) { return value->type()->isSubtypeOf(*c10::TensorType::get()); }

/// Whether the node's output is on the device of the data: a layer, or an operator on a tensor.
bool computes_from_a_tensor(const Node* node) {
  if (node->outputs().size() != 1 || !is_tensor(node->output()) || node->inputs().empty()) {
    return false;
  }
  if (node->kind() == c10::prim::CallMethod) return true;
  return node->kind().is_aten() && is_tensor(node->input(0)) &&
         node->input(0)->node()->kind() != c10::prim::NumToTensor;
}

/// A tensor that exists in front of `user` and lies on the device of the data; nullptr if none is
/// found. Near ones come first, so that cuts between it and `user` stay possible.
Value* tensor_in_front(Node* user, Graph& graph) {
  if (!user->inputs().empty() && user->kind().is_aten() && is_tensor(user->input(0)) &&
      user->input(0)->node()->kind() != c10::prim::Constant) {
    return user->input(0);
  }
  for (Node* start = user; start != nullptr; start = start->owningBlock()->owningNode()) {
    for (Node* node = start->prev(); node != start->owningBlock()->param_node();
         node = node->prev()) {
      if (computes_from_a_tensor(node)) return node->output();
    }
    if (start->owningBlock()->owningNode() == nullptr) break;
  }
  for (Value* input : graph.inputs()) {
    if (is_tensor(input)) return input;
  }
  return nullptr;
}

bool is_replaced(const c10::Device& device, DeviceConstants which) {
  return which == DeviceConstants::kAll || !device.is_cpu();
}

/// Makes the node take the device of its data where it names one.
int replace_in(Node* node, DeviceConstants which, Graph& graph) {
  int replaced = 0;
  for (std::size_t i = 0; i < node->inputs().size(); ++i) {
    if (node->input(i)->node()->kind() != c10::prim::Constant) continue;
    const auto constant = torch::jit::toIValue(node->input(i));
    if (!constant || !constant->isDevice() || !is_replaced(constant->toDevice(), which)) continue;
    const torch::jit::WithInsertPoint before(node);
    Value* tensor = tensor_in_front(node, graph);
    node->replaceInput(i, tensor != nullptr ? graph.insert(c10::prim::device, {tensor})
                                            : graph.insertConstant(c10::Device(at::kCPU)));
    ++replaced;
  }
  return replaced;
}

/// `x.cuda()` becomes x.
bool skip_transfer(Node* node, DeviceConstants which) {
  const std::string kind = node->kind().toQualString();
  if (kind != "aten::cuda" && !(kind == "aten::cpu" && which == DeviceConstants::kAll))
    return false;
  node->output()->replaceAllUsesWith(node->input(0));
  node->destroy();
  return true;
}

/// A tensor constant goes to the device of the data at each use.
int move_constants(Node* node, Graph& graph) {
  int moved = 0;
  for (std::size_t i = 0; i < node->inputs().size(); ++i) {
    Value* value = node->input(i);
    if (value->node()->kind() != c10::prim::Constant || !is_tensor(value)) continue;
    const auto constant = torch::jit::toIValue(value);
    if (!constant || !constant->isTensor() || constant->toTensor().dim() == 0) continue;
    Value* tensor = tensor_in_front(node, graph);
    if (tensor == nullptr || tensor == value) continue;
    const torch::jit::WithInsertPoint before(node);
    Value* device = graph.insert(c10::prim::device, {tensor});
    node->replaceInput(i,
                       graph.insert(c10::aten::to, {value, device, c10::IValue(), false, false}));
    ++moved;
  }
  return moved;
}

}  // namespace

int replace_device_constants(Module& module, DeviceConstants which) {
  int replaced = 0;
  for_each_graph(module, [&](Graph& graph) {
    for_each_node(graph.block(), [&](Node* node) {
      if (skip_transfer(node, which)) {
        ++replaced;
        return;
      }
      replaced += replace_in(node, which, graph);
      if (which == DeviceConstants::kAll) replaced += move_constants(node, graph);
    });
  });
  return replaced;
}

}  // namespace transfer
