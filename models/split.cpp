#include "models/split.h"

#include <fmt/format.h>
#include <torch/csrc/jit/ir/alias_analysis.h>

#include <algorithm>

#include "core/errors.h"
#include "models/graph_calls.h"
#include "models/graph_outputs.h"
#include "models/surgery.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

/// Reserved prefixes, since a method must not have the name of an attribute.
constexpr const char* kPrefix = "transfer_prefix_";
constexpr const char* kSuffix = "transfer_suffix_";
constexpr const char* kBoth = "transfer_both_";

std::string identifier(const std::string& stage) {
  std::string name;
  for (const char letter : stage)
    name += letter == '.' ? std::string("__") : std::string(1, letter);
  return name;
}

void add_method(Module& module, const std::string& name, std::shared_ptr<Graph> graph) {
  const c10::QualifiedName qualified(*module.type()->name(), name);
  auto* function =
      module._ivalue()->compilation_unit()->create_function(qualified, std::move(graph));
  module.type()->addMethod(function);
}

/// Removes the nodes up to `last` whose results are no longer used.
void remove_unused_up_to(Graph& graph, Node* last) {
  std::vector<Node*> nodes;
  for (Node* node : graph.nodes()) {
    nodes.push_back(node);
    if (node == last) break;
  }
  std::reverse(nodes.begin(), nodes.end());
  for (Node* node : nodes) {
    const auto outputs = node->outputs();
    const bool is_used = std::any_of(outputs.begin(), outputs.end(),
                                     [](const Value* output) { return output->hasUses(); });
    if (!is_used) node->destroy();
  }
}

/// Copies the input if the graph writes to it: an in-place ReLU directly behind the stage would
/// overwrite the caller's activations.
void protect_input(const std::shared_ptr<Graph>& graph) {
  const auto flat = graph->copy();
  inline_all_calls(*flat);
  if (!torch::jit::AliasDb(flat).hasWriters(flat->inputs()[1])) return;
  Value* input = graph->inputs()[1];
  const torch::jit::WithInsertPoint first(*graph->nodes().begin());
  Value* copy = graph->insert(c10::aten::clone, {input});
  input->replaceAllUsesAfterNodeWith(copy->node(), copy);
}

std::shared_ptr<Graph> suffix_graph(const ExposedStage& exposed) {
  const auto& graph = exposed.graph;
  Node* call = exposed.output->node();
  Value* features = graph->insertInput(1, "features");
  features->setType(c10::TensorType::get());
  exposed.output->replaceAllUsesWith(features);
  remove_unused_up_to(*graph, call);
  graph->eraseInput(2);
  protect_input(graph);
  graph->lint();
  return graph;
}

}  // namespace

SplitMethods split_at_stage(Module& module, const std::string& stage, const std::string& file) {
  SplitMethods names{kPrefix + identifier(stage), kSuffix + identifier(stage)};
  if (module.find_method(names.prefix) && module.find_method(names.suffix)) return names;
  const auto before = expose_stage(module, stage, file);
  const auto bypass = describe_bypass(*before.graph, before.output, /*sizes_count=*/true);
  if (!bypass.empty()) {
    throw ModelError(fmt::format(
        "{}: cannot split the network behind '{}': {}. Take a stage that `transfer inspect` lists.",
        file, stage, bypass));
  }
  end_at(*before.graph, before.output);
  remove_unused(before.graph);
  before.graph->lint();
  add_method(module, names.prefix, before.graph);
  add_method(module, names.suffix, suffix_graph(expose_stage(module, stage, file)));
  return names;
}

std::string add_stage_and_logits(Module& module, const std::string& stage,
                                 const std::string& file) {
  const std::string name = kBoth + identifier(stage);
  if (module.find_method(name)) return name;
  const auto exposed = expose_stage(module, stage, file);
  const auto& graph = exposed.graph;
  const torch::jit::WithInsertPoint behind(exposed.output->node()->next());
  Value* copy = graph->insert(c10::aten::clone, {exposed.output});
  exposed.output->replaceAllUsesAfterNodeWith(copy->node(), copy);
  const torch::jit::WithInsertPoint at_the_end(graph->return_node());
  Value* both =
      graph->insertNode(graph->createTuple({exposed.output, graph->outputs()[0]}))->output();
  graph->eraseOutput(0);
  graph->registerOutput(both);
  graph->lint();
  add_method(module, name, graph);
  return name;
}

void remove_split(Module& module, const SplitMethods& names) {
  for (const auto& name : {names.prefix, names.suffix}) {
    const c10::QualifiedName qualified(*module.type()->name(), name);
    module.type()->unsafeRemoveMethod(name);
    module._ivalue()->compilation_unit()->unsafeRemoveMethod(qualified);
  }
}

}  // namespace transfer
