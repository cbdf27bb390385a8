#include "models/pooling_check.h"

#include "models/graph_outputs.h"
#include "models/logits_ending.h"
#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

/// Relative to the largest value. Fused and separate operators differ by rounding only.
constexpr double kLargestRelativeDifference = 1e-4;

double relative_error(const torch::Tensor& found, const torch::Tensor& expected) {
  if (found.sizes() != expected.sizes()) return 1.0;
  const auto a = found.to(torch::kDouble).nan_to_num();
  const auto b = expected.to(torch::kDouble).nan_to_num();
  if (b.numel() == 0) return 0.0;
  return ((a - b).abs().max() / b.abs().max().clamp_min(1e-6)).item<double>();
}

}  // namespace

bool agree(const torch::Tensor& found, const torch::Tensor& expected) {
  return relative_error(found, expected) <= kLargestRelativeDifference;
}

std::shared_ptr<Graph> behind_classifier(const Module& module, const ClassifierLayer& layer,
                                         const std::string& file) {
  const auto exposed = expose_classifier(module, layer, file);
  Value* input = exposed.graph->insertInput(1, "classifier_input");
  input->setType(c10::TensorType::get());
  exposed.input->replaceAllUsesWith(input);
  remove_unused(exposed.graph);
  return exposed.graph;
}

std::shared_ptr<Graph> without_activations(const std::shared_ptr<Graph>& graph) {
  auto copy = graph->copy();
  for_each_node(copy->block(), [](Node* node) {
    if (!is_activation(node)) return;
    node->output()->replaceAllUsesWith(node->input(0));
    node->destroy();
  });
  return copy;
}

bool choose_pooling(const torch::Tensor& input, ClassifierLayer& layer,
                    const LogitsOfInput& logits_of) {
  if (input.dim() == 2) return true;
  const bool is_linear = layer.kind == ClassifierKind::kLinear;
  layer.pooled.clear();
  for (std::int64_t i = is_linear ? 1 : 2; i < input.dim() - (is_linear ? 1 : 0); ++i) {
    layer.pooled.push_back(i);
  }
  // Logits for every position count as their average.
  const auto logits_from = [&](const torch::Tensor& value) -> std::optional<torch::Tensor> {
    const auto logits = logits_of(value);
    return logits && logits->dim() == input.dim() ? logits->mean(layer.pooled) : logits;
  };
  const auto expected = logits_from(input);
  if (!expected) return false;
  const auto gives_logits = [&](const torch::Tensor& value) {
    const auto found = logits_from(value.expand_as(input).contiguous());
    return found && agree(*found, *expected);
  };
  if (gives_logits(input.mean(layer.pooled, /*keepdim=*/true))) return true;
  if (!is_linear || input.dim() != 3) return false;
  for (const std::int64_t position : {std::int64_t{0}, std::int64_t{-1}}) {
    if (!gives_logits(input.select(1, position).unsqueeze(1))) continue;
    layer.token = position;
    return true;
  }
  return false;
}

}  // namespace transfer
