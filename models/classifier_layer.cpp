#include "models/classifier_layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "core/errors.h"
#include "models/graph_calls.h"
#include "models/graph_outputs.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

/// The operator of a layer: its input and its weight.
struct LayerUse {
  Value* input;
  Value* weight;
};

/// The weight inside `aten::t(weight)`, as old traces write a linear layer; nullptr for other
/// values.
Value* transposed_weight(Value* value) {
  Node* node = value->node();
  if (node->kind() != c10::aten::t) return nullptr;
  const auto source = node->input(0)->node()->kind();
  return source == c10::prim::GetAttr || source == c10::prim::Constant ? node->input(0) : nullptr;
}

std::optional<LayerUse> as_layer(Node* node) {
  static const std::set<std::string> layers = {
      "aten::linear",           "aten::conv1d",           "aten::conv2d",
      "aten::conv3d",           "aten::_convolution",     "aten::convolution",
      "aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d"};
  if (layers.contains(node->kind().toQualString())) {
    return LayerUse{node->input(0), node->input(1)};
  }
  const bool is_addmm = node->kind() == c10::aten::addmm;
  if (is_addmm || node->kind() == c10::aten::matmul) {
    Value* weight = transposed_weight(node->input(is_addmm ? 2 : 1));
    if (weight != nullptr) return LayerUse{node->input(is_addmm ? 1 : 0), weight};
  }
  return std::nullopt;
}

bool contains_layer(Block* block);

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

Node* last_leading_to_layer(Graph& graph) {
  for (Node* node : graph.nodes().reverse()) {
    if (leads_to_layer(node)) return node;
  }
  return nullptr;
}

[[noreturn]] void refuse_ending(const std::string& file, const std::string& found) {
  throw ModelError(fmt::format(
      "{}: {}, so there is no linear (fully connected) layer or 1x1 convolution at the end to "
      "replace. Expected a network that ends in one, such as a torchvision classifier.",
      file, found));
}

[[noreturn]] void refuse_constants(const std::string& file) {
  throw ModelError(fmt::format(
      "{}: torch.jit.freeze or optimize_for_inference turned the weights into constants, so no "
      "layer can be cut, replaced or trained. Save the module as it was before freezing.",
      file));
}

/// Inlines calls, one at a time, until the layer that runs last is at the top level.
LayerUse expose_last_layer(std::shared_ptr<Graph>& graph, const Module& module,
                           const std::string& file) {
  bool folded = false;
  while (true) {
    Node* last = last_leading_to_layer(*graph);
    if (last == nullptr) refuse_ending(file, "no layer with weights was found");
    if (const auto layer = as_layer(last)) return *layer;
    if (callee(last) != nullptr) {
      inline_call(last);
    } else if (!folded) {
      fold_known_branches(graph, module);
      folded = true;
    } else {
      throw ModelError(fmt::format(
          "{}: the last layer runs inside a branch or a loop, so it cannot be replaced. Trace the "
          "model in evaluation mode, or export it without the branch.",
          file));
    }
    remove_unused(graph);
  }
}

ClassifierLayer describe_layer(const LayerUse& use, const Graph& graph, const Module& module,
                               const std::string& file) {
  if (use.weight->node()->kind() == c10::prim::Constant) refuse_constants(file);
  const auto weight_path = path_from_self(use.weight, graph);
  if (!weight_path || weight_path->empty()) {
    throw ModelError(fmt::format(
        "{}: the weight of the last layer is computed (as by weight normalisation), not stored, so "
        "the layer cannot be replaced. Remove the normalisation before export.",
        file));
  }
  const auto weight = attribute_at(module, *weight_path).toTensor();
  if (weight.dim() > 2 && weight[0][0].numel() != 1) {
    refuse_ending(file, fmt::format("the last layer is a {} convolution",
                                    fmt::join(weight.sizes().slice(2), "x")));
  }
  if (weight.dim() != 2 && weight.dim() != 4) {
    refuse_ending(file,
                  fmt::format("the weight of the last layer has {} dimensions", weight.dim()));
  }
  ClassifierLayer found;
  const auto dot = weight_path->rfind('.');
  found.path = dot == std::string::npos ? "" : weight_path->substr(0, dot);
  found.kind = weight.dim() == 4 ? ClassifierKind::kConvolution : ClassifierKind::kLinear;
  found.out_features = weight.size(0);
  found.in_features = weight.size(1);
  return found;
}

}  // namespace

ExposedClassifier expose_classifier(const Module& module, const std::string& file) {
  ExposedClassifier exposed;
  exposed.graph = logits_graph(module, file);
  const LayerUse use = expose_last_layer(exposed.graph, module, file);
  exposed.input = use.input;
  exposed.layer = describe_layer(use, *exposed.graph, module, file);
  return exposed;
}

ClassifierLayer find_classifier(const Module& module, const std::string& file) {
  return expose_classifier(module, file).layer;
}

void refuse_frozen(const Module& module, const std::string& file) {
  if (module.parameters().size() > 0) return;
  const auto graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  const std::function<bool(Block*)> has_constant_weights = [&](Block* block) {
    for (Node* node : block->nodes()) {
      const auto layer = as_layer(node);
      if (layer && layer->weight->node()->kind() == c10::prim::Constant) return true;
      const std::string kind = node->kind().toQualString();
      if (kind.starts_with("prepacked::") || kind.find("mkldnn") != std::string::npos) return true;
      for (Block* inner : node->blocks()) {
        if (has_constant_weights(inner)) return true;
      }
    }
    return false;
  };
  if (has_constant_weights(graph->block())) refuse_constants(file);
}

}  // namespace transfer
