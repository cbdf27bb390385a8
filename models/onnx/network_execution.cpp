#include "models/onnx/network_execution.h"

#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <unordered_map>

#include "core/errors.h"

namespace transfer {
namespace {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Stack;
using torch::jit::Value;
namespace prim = c10::prim;

/// The path of the module that called the node: "trunk.layer1.0.conv1".
std::string layer_of(const Node& node) {
  std::string path;
  if (!node.callstack()) return path;
  for (const auto& call : (*node.callstack())->vec()) {
    const auto& instance = std::get<2>(call);
    if (!instance || instance->instance_name().empty()) continue;
    if (instance->instance_name() == "SELF") continue;
    if (!path.empty()) path += '.';
    path += instance->instance_name();
  }
  return path;
}

class Execution {
 public:
  explicit Execution(const OperatorVisitor& visit) : visit_(visit) {}

  void set(const Value* value, ValuePair pair) { values_[value] = std::move(pair); }
  const ValuePair& get(const Value* value) const { return values_.at(value); }

  void run(const Block& block) {
    for (const Node* node : block.nodes()) run(*node);
  }

 private:
  void run(const Node& node) {
    switch (node.kind()) {
      case prim::If: return run_branch(node);
      case prim::Loop: return run_loop(node);
      case prim::Constant: {
        const auto value = torch::jit::toIValue(node.output());
        return set(node.output(), {*value, *value});
      }
      case prim::RaiseException:
        throw ModelError(fmt::format("layer {}: the network refuses the image.", layer_of(node)));
      case c10::aten::warn: return;
      case c10::aten::format:  // of a message that nobody reads
        return set(node.output(), {std::string(), std::string()});
      case prim::unchecked_cast: return set(node.output(), get(node.input()));
      case prim::Uninitialized:
        return set(node.output(), {c10::IValue::uninitialized(), c10::IValue::uninitialized()});
      default: return run_operator(node);
    }
  }

  bool agreed_bool(const Node& node, const ValuePair& value) const {
    if (value[0].toBool() == value[1].toBool()) return value[0].toBool();
    throw ModelError(fmt::format(
        "layer {}: the network takes another way for another number of images. An ONNX file has "
        "one way for all.",
        layer_of(node)));
  }

  void run_branch(const Node& node) {
    const Block& block = *node.blocks()[agreed_bool(node, get(node.input())) ? 0 : 1];
    run(block);
    for (std::size_t i = 0; i < node.outputs().size(); ++i) {
      set(node.outputs()[i], get(block.outputs()[i]));
    }
  }

  void run_loop(const Node& node) {
    const ValuePair times = get(node.inputs()[0]);
    if (times[0].toInt() != times[1].toInt()) {
      throw ModelError(fmt::format("layer {}: a loop runs once for each image.", layer_of(node)));
    }
    bool goes_on = agreed_bool(node, get(node.inputs()[1]));
    std::vector<ValuePair> carried;
    for (const Value* value : node.inputs().slice(2)) carried.push_back(get(value));
    const Block& body = *node.blocks()[0];
    for (std::int64_t i = 0; goes_on && i < times[0].toInt(); ++i) {
      set(body.inputs()[0], {i, i});
      for (std::size_t k = 0; k < carried.size(); ++k) set(body.inputs()[k + 1], carried[k]);
      run(body);
      goes_on = agreed_bool(node, get(body.outputs()[0]));
      for (std::size_t k = 0; k < carried.size(); ++k) carried[k] = get(body.outputs()[k + 1]);
    }
    for (std::size_t k = 0; k < carried.size(); ++k) set(node.outputs()[k], carried[k]);
  }

  /// LibTorch does not export its own functions for these.
  static void make_list(const Node& node, Stack& stack) {
    c10::impl::GenericList list(node.output()->type()->expectRef<c10::ListType>().getElementType());
    for (const c10::IValue& value : stack) list.push_back(value);
    stack = {c10::IValue(std::move(list))};
  }

  static void apply(const Node& node, Stack& stack) {
    switch (node.kind()) {
      case prim::ListConstruct: return make_list(node, stack);
      case prim::TupleConstruct: {
        auto tuple = c10::ivalue::Tuple::create(std::move(stack));
        stack = {std::move(tuple)};
        return;
      }
      case prim::TupleUnpack: {
        stack = torch::jit::pop(stack).toTupleRef().elements().vec();
        return;
      }
      case prim::ListUnpack: {
        stack = torch::jit::pop(stack).toListRef().vec();
        return;
      }
      case prim::GetAttr: {
        const auto object = torch::jit::pop(stack).toObject();
        return torch::jit::push(stack, object->getAttr(node.s(c10::attr::name)));
      }
      default: node.getOperation()(stack);
    }
  }

  void run_operator(const Node& node) {
    std::vector<ValuePair> arguments;
    for (const Value* input : node.inputs()) arguments.push_back(get(input));
    std::vector<ValuePair> results(node.outputs().size());
    for (std::size_t side = 0; side < 2; ++side) {
      Stack stack;
      for (const ValuePair& argument : arguments) stack.push_back(argument[side]);
      apply(node, stack);
      for (std::size_t i = 0; i < results.size(); ++i) results[i][side] = stack.at(i);
    }
    for (std::size_t i = 0; i < results.size(); ++i) set(node.outputs()[i], results[i]);
    const auto* schema = node.maybeSchema();
    if (schema == nullptr) return;
    visit_({*schema, layer_of(node), std::move(arguments), std::move(results)});
  }

  const OperatorVisitor& visit_;
  std::unordered_map<const Value*, ValuePair> values_;
};

}  // namespace

ValuePair execute(const torch::jit::Module& frozen, const ValuePair& images,
                  const OperatorVisitor& visit) {
  const c10::InferenceMode inference;
  const auto graph = frozen.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  Execution execution(visit);
  const c10::IValue self = frozen._ivalue();
  execution.set(graph->inputs()[0], {self, self});
  execution.set(graph->inputs()[1], images);
  execution.run(*graph->block());
  return execution.get(graph->outputs()[0]);
}

}  // namespace transfer
