#include "models/classifier_layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "core/errors.h"
#include "models/graph_calls.h"
#include "models/graph_outputs.h"
#include "models/layer_use.h"
#include "models/logits_ending.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

constexpr const char* kPackedWeights = "._packed_params";

[[noreturn]] void refuse_constants(const std::string& file) {
  throw ModelError(fmt::format(
      "{}: torch.jit.freeze or optimize_for_inference turned the weights into constants, so no "
      "layer can be cut, replaced or trained. Save the module as it was before freezing.",
      file));
}

ClassifierLayer no_classifier(std::string ending) {
  ClassifierLayer none;
  none.ending = std::move(ending);
  return none;
}

/// The path of the module that holds the weight.
std::string owner_path(std::string weight_path) {
  while (weight_path.ends_with(kPackedWeights)) {
    weight_path.resize(weight_path.size() - std::string_view(kPackedWeights).size());
    if (!weight_path.ends_with(kPackedWeights)) return weight_path;
  }
  const auto dot = weight_path.rfind('.');
  return dot == std::string::npos ? "" : weight_path.substr(0, dot);
}

/// Number of groups of a convolution.
std::int64_t groups_of(const Node* convolution) {
  const auto* schema = convolution->maybeSchema();
  const auto position = schema == nullptr ? std::nullopt : schema->argumentIndexWithName("groups");
  if (!position) return 1;
  const auto value = torch::jit::toIValue(convolution->input(*position));
  return value ? value->toInt() : 1;
}

bool is_transposed(const Node* convolution) {
  const std::string kind = convolution->kind().toQualString();
  if (kind.find("transpose") != std::string::npos) return true;
  const auto* schema = convolution->maybeSchema();
  const auto position =
      schema == nullptr ? std::nullopt : schema->argumentIndexWithName("transposed");
  if (!position) return false;
  const auto value = torch::jit::toIValue(convolution->input(*position));
  return value && value->toBool();
}

/// The path of an attribute from which a value is computed; "" without one.
std::string attribute_behind(const Value* value, const Graph& graph) {
  const auto path = path_from_self(value, graph);
  if (path) return *path;
  for (const Value* input : value->node()->inputs()) {
    auto found = attribute_behind(input, graph);
    if (!found.empty()) return found;
  }
  return "";
}

/// A layer whose weight is computed from stored ones: normalised, transposed or a part of them.
/// Only its input matters here. A run tells the widths.
ClassifierLayer describe_computed(const LayerUse& use, const Graph& graph) {
  if (may_depend_on_image(use.weight, graph)) {
    return no_classifier("it ends in a product of two values that are computed from the image");
  }
  const bool is_convolution =
      std::string(use.node->kind().toQualString()).find("conv") != std::string::npos;
  if (is_convolution && is_transposed(use.node)) {
    return no_classifier("it ends in a transposed convolution");
  }
  ClassifierLayer found;
  found.kind = is_convolution ? ClassifierKind::kConvolution : ClassifierKind::kLinear;
  const std::string path = attribute_behind(use.weight, graph);
  const auto parametrization = path.find(".parametrizations");
  found.path =
      parametrization == std::string::npos ? owner_path(path) : path.substr(0, parametrization);
  return found;
}

ClassifierLayer describe_layer(const LayerUse& use, const Graph& graph, const Module& module,
                               const std::string& file) {
  if (use.weight->node()->kind() == c10::prim::Constant) refuse_constants(file);
  const auto weight_path = path_from_self(use.weight, graph);
  if (!weight_path || weight_path->empty()) return describe_computed(use, graph);
  ClassifierLayer found;
  found.path = owner_path(*weight_path);
  found.kind = ClassifierKind::kLinear;
  const auto stored = attribute_at(module, *weight_path);
  if (!stored.isTensor()) return found;  // packed; a run tells the widths
  const auto weight = stored.toTensor();
  found.out_features = weight.size(0);
  found.in_features = weight.dim() > 1 ? weight.size(1) : weight.size(0);
  if (weight.dim() < 3) return found;
  if (weight[0][0].numel() != 1 || is_transposed(use.node)) {
    return no_classifier(fmt::format(
        "it ends in a {} convolution",
        is_transposed(use.node) ? std::string("transposed")
                                : fmt::format("{}", fmt::join(weight.sizes().slice(2), "x"))));
  }
  found.kind = ClassifierKind::kConvolution;
  found.in_features *= groups_of(use.node);
  for (std::int64_t i = 2; i < weight.dim(); ++i) found.pooled.push_back(i);
  return found;
}

/// Puts a copy of the value in front of `node`, so that a cut there keeps what writes to the value
/// before `node` runs.
Value* copy_before(Node* node, Value* value) {
  const torch::jit::WithInsertPoint here(node);
  return node->owningGraph()->insert(c10::aten::clone, {value});
}

}  // namespace

ClassifierLayer classifier_of(std::shared_ptr<Graph>& graph, const Module& module,
                              const std::string& file) {
  if (!contains_layer(graph->block())) {
    throw ModelError(fmt::format(
        "{}: no layer with weights was found. Expected a network of linear layers or convolutions, "
        "such as a torchvision classifier.",
        file));
  }
  const auto ending = find_ending(graph, module, file);
  if (!ending.layer) return no_classifier(ending.found);
  const auto layer = describe_layer(*ending.layer, *graph, module, file);
  if (layer.kind == ClassifierKind::kNone) return layer;
  const auto bypass = describe_bypass(*graph, ending.layer->node->output(), /*sizes_count=*/false);
  return bypass.empty() ? layer : no_classifier(bypass);
}

ClassifierLayer find_classifier(const Module& module, const std::string& file) {
  auto graph = logits_graph(module, file);
  return classifier_of(graph, module, file);
}

ExposedClassifier expose_classifier(const Module& module, const ClassifierLayer& layer,
                                    const std::string& file) {
  ExposedClassifier exposed;
  exposed.graph = logits_graph(module, file);
  if (layer.kind == ClassifierKind::kNone) {
    Value* output = exposed.graph->outputs()[0];
    exposed.input = copy_before(exposed.graph->return_node(), output);
    exposed.graph->eraseOutput(0);
    exposed.graph->registerOutput(exposed.input);
    return exposed;
  }
  const auto ending = find_ending(exposed.graph, module, file);
  Node* node = ending.layer->node;
  exposed.input = copy_before(node, ending.layer->input());
  node->replaceInput(ending.layer->input_position, exposed.input);
  return exposed;
}

void refuse_frozen(const Module& module, const std::string& file) {
  if (module.parameters().size() > 0) return;
  const auto graph = module.get_method("forward").graph()->copy();
  inline_all_calls(*graph);
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

void refuse_statically_quantised(const Module& module, const std::string& file) {
  const auto found =
      quantised_operator(*module.get_method("forward").graph(), /*static_only=*/true);
  if (found.empty()) return;
  throw ModelError(fmt::format(
      "{}: the network is quantised: its layers compute with 8-bit integers ({}), which can be "
      "neither cut nor trained. Export the float network, as it was before "
      "torch.ao.quantization.convert.",
      file, found));
}

}  // namespace transfer
