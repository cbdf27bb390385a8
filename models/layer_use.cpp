#include "models/layer_use.h"

#include <algorithm>
#include <functional>
#include <set>

#include "models/graph_calls.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

namespace {

/// The weight inside `aten::t(weight)`, as old traces write a linear layer; nullptr for other
/// values.
Value* transposed_weight(Value* value) {
  Node* node = value->node();
  if (node->kind() != c10::aten::t) return nullptr;
  const auto source = node->input(0)->node()->kind();
  return source == c10::prim::GetAttr || source == c10::prim::Constant ? node->input(0) : nullptr;
}

bool drops_out(Node* node) {
  static const std::set<std::string> kinds = {"aten::dropout", "aten::dropout_",
                                              "aten::feature_dropout", "aten::feature_dropout_",
                                              "aten::alpha_dropout"};
  if (kinds.contains(node->kind().toQualString())) return true;
  const auto any_in = [](Block* block) {
    auto nodes = block->nodes();
    return std::any_of(nodes.begin(), nodes.end(), drops_out);
  };
  if (const auto body = callee(node)) return any_in(body->block());
  const auto blocks = node->blocks();
  return std::any_of(blocks.begin(), blocks.end(), any_in);
}

/// Layers that take and return float32, though their weights are integers.
bool takes_floats(const std::string& kind) {
  return kind.find("_dynamic") != std::string::npos || kind.find("prepack") != std::string::npos ||
         kind.find("unpack") != std::string::npos || kind.find("embedding") != std::string::npos;
}

}  // namespace

bool is_linear_or_convolution(const Node* node) {
  static const std::set<std::string> layers = {
      "aten::linear",           "aten::conv1d",           "aten::conv2d",
      "aten::conv3d",           "aten::_convolution",     "aten::convolution",
      "aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d"};
  return layers.contains(node->kind().toQualString());
}

std::optional<LayerUse> as_layer(Node* node) {
  static const std::set<std::string> dynamic = {"quantized::linear_dynamic",
                                                "quantized::linear_dynamic_fp16"};
  if (is_linear_or_convolution(node) || dynamic.contains(node->kind().toQualString())) {
    return LayerUse{node, 0, node->input(1)};
  }
  const bool is_addmm = node->kind() == c10::aten::addmm;
  if (is_addmm || node->kind() == c10::aten::matmul) {
    const std::size_t position = is_addmm ? 1 : 0;
    Value* weight = transposed_weight(node->input(position + 1));
    if (weight != nullptr) return LayerUse{node, position, weight};
  }
  return std::nullopt;
}

bool leads_to_layer(Node* node) {
  if (as_layer(node)) return true;
  if (const auto body = callee(node)) return contains_layer(body->block());
  const auto blocks = node->blocks();
  return std::any_of(blocks.begin(), blocks.end(), contains_layer);
}

bool contains_layer(Block* block) {
  auto nodes = block->nodes();
  return std::any_of(nodes.begin(), nodes.end(), leads_to_layer);
}

bool is_dropout(Node* node) { return drops_out(node) && !leads_to_layer(node); }

std::string quantised_operator(Graph& graph, bool static_only) {
  const auto flat = graph.copy();
  inline_all_calls(*flat);
  std::string found;
  const std::function<void(const Block*)> visit = [&](const Block* block) {
    for (const Node* node : block->nodes()) {
      const std::string kind = node->kind().toQualString();
      const bool is_quantised =
          (kind.starts_with("quantized::") && !(static_only && takes_floats(kind))) ||
          (kind.starts_with("aten::quantized_") && !static_only);  // dynamic LSTM and GRU
      if (found.empty() && is_quantised) found = kind;
      for (const Block* inner : node->blocks()) visit(inner);
    }
  };
  visit(flat->block());
  return found;
}

}  // namespace transfer
