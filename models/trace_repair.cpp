#include "models/trace_repair.h"

#include <torch/csrc/jit/api/function_impl.h>

#include <map>
#include <optional>
#include <set>

namespace transfer {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

/// Position of an operator's mode among its inputs; nothing for an operator without a mode.
std::optional<std::size_t> mode_input(const Node* node) {
  static const std::map<std::string, std::size_t> positions = {{"aten::batch_norm", 5},
                                                               {"aten::instance_norm", 5},
                                                               {"aten::dropout", 2},
                                                               {"aten::dropout_", 2},
                                                               {"aten::feature_dropout", 2},
                                                               {"aten::feature_dropout_", 2},
                                                               {"aten::alpha_dropout", 2},
                                                               {"aten::alpha_dropout_", 2},
                                                               {"aten::feature_alpha_dropout", 2},
                                                               {"aten::feature_alpha_dropout_", 2}};
  const auto found = positions.find(node->kind().toQualString());
  if (found == positions.end()) return std::nullopt;
  return found->second;
}

bool has_training_flag(const Value* module) {
  const auto type = module->type()->cast<c10::ClassType>();
  if (!type) return false;
  const auto attribute = type->findAttribute("training");
  return attribute && attribute->kind() == c10::TypeKind::BoolType;
}

/// The module whose `training` flag the operator should follow: for a norm the one that holds its
/// running statistics, otherwise the one whose method this is. nullptr for a norm without running
/// statistics, which always uses those of the batch.
Value* owner_of(const Node* node, Graph& graph) {
  Value* self = graph.inputs().at(0);
  const bool is_norm =
      node->kind() == c10::aten::batch_norm || node->kind() == c10::aten::instance_norm;
  if (!is_norm) return self;
  const Value* running_mean = node->input(3);
  if (running_mean->mustBeNone() || running_mean->node()->mustBeNone()) return nullptr;
  if (running_mean->node()->kind() == c10::prim::GetAttr) return running_mean->node()->input(0);
  return self;
}

/// Whether the mode is a constant, here or hoisted into the caller. Scripted layers compute it.
bool is_baked(const Value* mode, const Graph& graph) {
  return mode->node()->kind() == c10::prim::Constant || mode->node() == graph.param_node();
}

int repair_block(Block* block, Graph& graph) {
  int repaired = 0;
  for (Node* node : block->nodes()) {
    for (Block* inner : node->blocks()) repaired += repair_block(inner, graph);
    const auto position = mode_input(node);
    if (!position || !is_baked(node->input(*position), graph)) continue;
    Value* owner = owner_of(node, graph);
    if (owner == nullptr || !has_training_flag(owner)) continue;
    const torch::jit::WithInsertPoint before(node);
    // Only this use changes: the constant may serve other operators as well.
    node->replaceInput(*position, graph.insertGetAttr(owner, "training"));
    ++repaired;
  }
  return repaired;
}

int repair_methods(const c10::ClassTypePtr& type) {
  int repaired = 0;
  for (auto* method : type->methods()) {
    auto* function = torch::jit::tryToGraphFunction(*method);
    if (function == nullptr) continue;
    const auto graph = function->graph();
    repaired += repair_block(graph->block(), *graph);
  }
  return repaired;
}

}  // namespace

int repair_traced_modes(Module& module) {
  std::map<c10::ClassType*, int> repaired_in;  // a class may have several instances
  std::set<const void*> seen;
  int repaired = 0;
  for (const auto& entry : module.named_modules()) {
    if (!seen.insert(entry.value._ivalue().get()).second) continue;
    const auto type = entry.value.type();
    if (!repaired_in.contains(type.get())) repaired_in[type.get()] = repair_methods(type);
    repaired += repaired_in.at(type.get());
  }
  return repaired;
}

}  // namespace transfer
