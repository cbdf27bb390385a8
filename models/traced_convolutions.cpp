#include "models/traced_convolutions.h"

#include <torch/csrc/jit/ir/constants.h>

#include <optional>
#include <string>

#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

/// The inputs of aten::_convolution that the layers take.
enum Input : std::size_t {
  kImage,
  kWeight,
  kBias,
  kStride,
  kPadding,
  kDilation,
  kTransposed,
  kOutputPadding,
  kGroups
};

/// Number of image dimensions, from the length of the stride; nothing where it cannot be read.
std::optional<std::size_t> dimensions(const Value* stride) {
  if (stride->node()->kind() == c10::prim::ListConstruct) return stride->node()->inputs().size();
  const auto constant = torch::jit::toIValue(stride);
  if (!constant || !constant->isIntList()) return std::nullopt;
  return constant->toIntList().size();
}

/// The operator for a layer of that many dimensions; "" where there is none.
std::string operator_for(std::size_t dimensions, bool is_transposed) {
  constexpr std::size_t kMost = 3;
  if (dimensions < 1 || dimensions > kMost) return "";
  return (is_transposed ? "aten::conv_transpose" : "aten::conv") + std::to_string(dimensions) + "d";
}

bool replace_convolution(Node* node, Graph& graph) {
  if (std::string(node->kind().toQualString()) != "aten::_convolution") return false;
  const auto transposed = torch::jit::toIValue(node->input(kTransposed));
  const auto rank = dimensions(node->input(kStride));
  if (!transposed || !transposed->isBool() || !rank) return false;
  const std::string name = operator_for(*rank, transposed->toBool());
  if (name.empty()) return false;
  const auto in = [node](Input input) { return node->input(input); };
  const torch::jit::WithInsertPoint before(node);
  Node* layer =
      transposed->toBool()
          ? graph.create(c10::Symbol::fromQualString(name),
                         {in(kImage), in(kWeight), in(kBias), in(kStride), in(kPadding),
                          in(kOutputPadding), in(kGroups), in(kDilation)})
          : graph.create(c10::Symbol::fromQualString(name),
                         {in(kImage), in(kWeight), in(kBias), in(kStride), in(kPadding),
                          in(kDilation), in(kGroups)});
  graph.insertNode(layer);
  layer->copyMetadata(node);
  layer->output()->copyMetadata(node->output());
  node->output()->replaceAllUsesWith(layer->output());
  node->destroy();
  return true;
}

}  // namespace

int free_traced_convolutions(Module& module) {
  int changed = 0;
  for_each_graph(module, [&](Graph& graph) {
    for_each_node(graph.block(),
                  [&](Node* node) { changed += replace_convolution(node, graph) ? 1 : 0; });
  });
  return changed;
}

}  // namespace transfer
