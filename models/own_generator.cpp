#include "models/own_generator.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/library.h>

#include <optional>

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

constexpr const char* kGenerator = "transfer_generator";

/// Mask of the elements that Dropout keeps, each with probability 1 − p, scaled by 1 / (1 − p).
torch::Tensor survivors(const torch::Tensor& input, double p,
                        const std::optional<at::Generator>& generator) {
  auto mask = at::empty_like(input).bernoulli_(1 - p, generator);
  return p < 1 ? mask.div_(1 - p) : mask;
}

torch::Tensor dropout(const torch::Tensor& input, double p, bool train,
                      const std::optional<at::Generator>& generator) {
  if (!train || p == 0 || input.numel() == 0) return input;
  return input * survivors(input, p, generator);
}

torch::Tensor dropout_in_place(torch::Tensor input, double p, bool train,
                               const std::optional<at::Generator>& generator) {
  if (!train || p == 0 || input.numel() == 0) return input;
  return input.mul_(survivors(input, p, generator));
}

TORCH_LIBRARY(transfer, library) {
  library.def("dropout(Tensor input, float p, bool train, Generator? generator) -> Tensor",
              dropout);
  library.def("dropout_(Tensor(a!) input, float p, bool train, Generator? generator) -> Tensor(a!)",
              dropout_in_place);
}

/// Passes the generator to one node. False when the node draws random numbers but takes none.
bool give_generator(Node* node, Value* generator) {
  const auto kind = node->kind();
  if (kind == c10::aten::dropout || kind == c10::aten::dropout_) {
    const auto drawing = c10::Symbol::fromQualString(
        kind == c10::aten::dropout ? "transfer::dropout" : "transfer::dropout_");
    Node* replacement = node->owningGraph()->create(drawing, node->inputs(), 1);
    replacement->addInput(generator);
    replacement->insertBefore(node);
    replacement->output()->copyMetadata(node->output());
    node->output()->replaceAllUsesWith(replacement->output());
    node->destroy();
    return true;
  }
  if (kind == c10::aten::bernoulli_ && node->inputs().size() == 3) {
    node->replaceInput(2, generator);
    return true;
  }
  return !node->isNondeterministic();
}

void give_generator_within(Block* block, Value* generator, const std::string& file) {
  std::vector<Node*> nodes(block->nodes().begin(), block->nodes().end());
  for (Node* node : nodes) {
    for (Block* inner : node->blocks()) give_generator_within(inner, generator, file);
    const std::string name = node->kind().toQualString();
    if (give_generator(node, generator)) continue;
    throw ModelError(
        fmt::format("{}: draws random numbers by {}, which replicas of the network cannot do in "
                    "parallel. Expected Dropout or stochastic depth; set train.replicas: 1.",
                    file, name));
  }
}

}  // namespace

at::Generator draw_from_own_generator(Module& module, const std::vector<std::string>& methods,
                                      const std::string& file) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>();
  module.register_attribute(kGenerator, c10::GeneratorType::get(), generator);
  for (const auto& method : methods) {
    auto graph = module.get_method(method).graph()->copy();
    inline_all_calls(*graph);
    Node* get = graph->createGetAttr(graph->inputs()[0], kGenerator);
    graph->prependNode(get);
    give_generator_within(graph->block(), get->output(), file);
    graph->lint();
    replace_method(module, method, graph);
  }
  return generator;
}

}  // namespace transfer
