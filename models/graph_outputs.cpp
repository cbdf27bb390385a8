#include "models/graph_outputs.h"

#include <fmt/format.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/lower_tuples.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/errors.h"
#include "models/graph_calls.h"
#include "models/returned_tuple.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

bool is_used(const Node* node) {
  const auto outputs = node->outputs();
  return std::any_of(outputs.begin(), outputs.end(),
                     [](const Value* output) { return output->hasUses(); });
}

/// Removes writes of a layer to its own module (BatchNorm's batch counter and running statistics),
/// since alias analysis cannot distinguish the module's tensors from the image.
void remove_writes_to_self(Block* block, Graph& graph) {
  for (auto node = block->nodes().begin(); node != block->nodes().end();) {
    Node* current = *node++;
    if (current->kind() == c10::aten::batch_norm || current->kind() == c10::aten::instance_norm) {
      const torch::jit::WithInsertPoint before(current);
      current->replaceInput(5, graph.insertConstant(false));  // only training writes statistics
    }
    for (Block* inner : current->blocks()) remove_writes_to_self(inner, graph);
    const auto* schema = current->maybeSchema();
    const bool writes =
        current->kind() == c10::prim::SetAttr || (schema != nullptr && schema->is_mutable());
    const bool into_attribute = writes && path_from_self(current->input(0), graph).has_value();
    if (into_attribute && !is_used(current)) current->destroy();
  }
}

/// Whether a node with unused results may be removed, with the warnings and checks inside.
bool is_droppable(const Node* node) {
  if (const auto body = callee(node)) {
    return !writes_to_its_inputs(body, node->kind() == c10::prim::CallMethod);
  }
  if (node->kind() == c10::prim::SetAttr || node->kind() == c10::prim::CallMethod ||
      node->kind() == c10::prim::CallFunction) {
    return false;
  }
  const auto* schema = node->maybeSchema();
  if (schema != nullptr && schema->is_mutable()) return false;
  const auto blocks = node->blocks();
  return std::all_of(blocks.begin(), blocks.end(), [](const Block* block) {
    const auto nodes = block->nodes();
    return std::all_of(nodes.begin(), nodes.end(), is_droppable);
  });
}

/// The nodes at the top level.
std::set<const Node*> nodes_of(const Graph& graph) {
  const auto nodes = graph.nodes();
  return {nodes.begin(), nodes.end()};
}

/// Takes one step from a returned tuple towards its logits; false when nothing is left to unwrap.
bool unwrap_output(std::shared_ptr<Graph>& graph, const Module& module, const std::string& file,
                   std::string* remark) {
  Value* output = graph->outputs()[0];
  Node* maker = output->node();
  if (maker->kind() == c10::prim::TupleUnpack && callee(maker->input()->node()) != nullptr) {
    inline_call(maker->input()->node());
    torch::jit::LowerSimpleTuples(graph);
    return true;
  }
  if (output->type()->kind() != c10::TypeKind::TupleType) return false;
  if (callee(maker) != nullptr) {
    inline_call(maker);
    return true;
  }
  if (maker->kind() == c10::prim::If) fold_known_branches(graph, module);
  output = graph->outputs()[0];
  if (output->node() != maker) return true;
  const auto position = logits_position(graph, module, file, remark);
  Value* logits = maker->kind() == c10::prim::TupleConstruct
                      ? maker->inputs()[position]
                      : graph->createTupleUnpack(output)->insertAfter(maker)->outputs()[position];
  graph->eraseOutput(0);
  graph->registerOutput(logits);
  return true;
}

/// Makes the image the only input: other arguments become their default values.
void fill_in_defaults(Graph& graph, const c10::FunctionSchema& schema, const std::string& file) {
  while (graph.inputs().size() > 2) {
    const std::size_t last = graph.inputs().size() - 1;
    const auto& argument = schema.arguments().at(last);
    if (!argument.default_value()) {
      throw ModelError(
          fmt::format("{}: forward needs '{}' besides the image. Expected forward(image); export "
                      "the model with "
                      "a wrapper that supplies the other arguments.",
                      file, argument.name()));
    }
    const torch::jit::WithInsertPoint first(*graph.nodes().begin());
    graph.inputs()[last]->replaceAllUsesWith(graph.insertConstant(*argument.default_value()));
    graph.eraseInput(last);
  }
}

/// Values that depend on the image's pixels, and values that depend only on its size.
struct Dependence {
  std::set<const Value*> on_content;
  std::set<const Value*> on_size;
};

void collect_values_inside(const Node* node, std::vector<const Value*>& used) {
  for (const Block* block : node->blocks()) {
    for (const Value* output : block->outputs()) used.push_back(output);
    for (const Node* inner : block->nodes()) {
      for (const Value* input : inner->inputs()) used.push_back(input);
      collect_values_inside(inner, used);
    }
  }
}

/// All values that a node reads, including those read inside its blocks.
std::vector<const Value*> values_read(const Node* node) {
  std::vector<const Value*> read(node->inputs().begin(), node->inputs().end());
  collect_values_inside(node, read);
  return read;
}

void follow(const Node* node, Dependence& dependence) {
  const auto read = values_read(node);
  const auto any_in = [&read](const std::set<const Value*>& values) {
    return std::any_of(read.begin(), read.end(),
                       [&values](const Value* value) { return values.contains(value); });
  };
  const bool on_content = any_in(dependence.on_content);
  const bool on_size = any_in(dependence.on_size);
  if (!on_content && !on_size) return;
  const bool gives_size = !on_content || asks_only_for_size(node);
  auto& results = gives_size ? dependence.on_size : dependence.on_content;
  for (const Value* output : node->outputs()) results.insert(output);
  // After `list.append(x)` the list depends on x.
  const auto* schema = node->maybeSchema();
  if (schema != nullptr && schema->is_mutable()) results.insert(node->input(0));
}

}  // namespace

bool writes_to_its_inputs(const std::shared_ptr<Graph>& body, bool has_self) {
  const auto copy = body->copy();
  inline_all_calls(*copy);
  if (has_self) remove_writes_to_self(copy->block(), *copy);
  if (!torch::jit::findAllNodes(*copy, c10::prim::SetAttr, /*recurse=*/true).empty()) return true;
  const torch::jit::AliasDb aliases(copy);
  const auto inputs = copy->inputs();
  return std::any_of(inputs.begin() + (has_self ? 1 : 0), inputs.end(),
                     [&](const Value* input) { return aliases.hasWriters(input); });
}

bool asks_only_for_size(const Node* node) {
  static const std::set<std::string> queries = {"aten::size",  "aten::sym_size", "aten::dim",
                                                "aten::len",   "aten::numel",    "prim::dtype",
                                                "prim::device"};
  return queries.contains(node->kind().toQualString());
}

void end_at(Graph& graph, Value* value) {
  while (!graph.outputs().empty()) graph.eraseOutput(graph.outputs().size() - 1);
  graph.registerOutput(value);
  std::vector<Node*> behind;
  for (Node* node : graph.nodes().reverse()) {
    if (node == value->node()) break;
    behind.push_back(node);
  }
  for (Node* node : behind) {
    if (!is_used(node)) node->destroy();
  }
}

void remove_unused(const std::shared_ptr<Graph>& graph) {
  torch::jit::LowerSimpleTuples(graph);
  std::vector<Node*> calls_and_branches;
  for (Node* node : graph->nodes().reverse()) {
    const bool is_call =
        node->kind() == c10::prim::CallMethod || node->kind() == c10::prim::CallFunction;
    if (is_call || !node->blocks().empty()) calls_and_branches.push_back(node);
  }
  auto left = nodes_of(*graph);
  for (Node* node : calls_and_branches) {
    if (!left.contains(node) || is_used(node) || !is_droppable(node)) continue;
    node->destroy();
    torch::jit::EliminateDeadCode(
        graph->block(), /*recurse=*/true,
        torch::jit::DCESideEffectPolicy::DONT_DELETE_NODES_WITH_SIDE_EFFECTS);
    left = nodes_of(*graph);
  }
  torch::jit::EliminateDeadCode(graph);
}

std::shared_ptr<Graph> logits_graph(const Module& module, const std::string& file,
                                    std::string* remark) {
  const auto method = module.get_method("forward");
  auto graph = method.graph()->copy();
  if (graph->inputs().size() < 2 || graph->outputs().size() != 1) {
    throw ModelError(fmt::format(
        "{}: forward has {} inputs and {} outputs. Expected forward(image) that returns logits "
        "[N, classes]; export the model with such a forward.",
        file, graph->inputs().size() - 1, graph->outputs().size()));
  }
  fill_in_defaults(*graph, method.function().getSchema(), file);
  bool is_part = false;
  while (unwrap_output(graph, module, file, remark)) is_part = true;
  Value* output = graph->outputs()[0];
  if (output->type()->kind() != c10::TypeKind::TensorType) {
    throw ModelError(fmt::format(
        "{}: forward returns {}. Expected logits [N, classes], or a tuple that holds them; "
        "export the model with a forward that returns them.",
        file, output->type()->annotation_str()));
  }
  // What runs behind a tensor that forward itself returns may write to it.
  if (is_part) end_at(*graph, output);
  remove_unused(graph);
  return graph;
}

std::string describe_bypass(const Graph& graph, const Value* cut, bool sizes_count) {
  Dependence before;
  for (std::size_t i = 1; i < graph.inputs().size(); ++i) {
    before.on_content.insert(graph.inputs()[i]);
  }
  bool behind = false;
  for (const Node* node : graph.nodes()) {
    if (!behind) {
      follow(node, before);
      behind = node == cut->node();
      before.on_content.erase(cut);
      continue;
    }
    if (!sizes_count && asks_only_for_size(node)) continue;
    for (const Value* value : values_read(node)) {
      if (before.on_content.contains(value)) {
        return fmt::format(
            "a later {} also reads a value computed before it (a skip connection or a parallel "
            "branch)",
            node->kind().toUnqualString());
      }
      if (sizes_count && before.on_size.contains(value)) {
        return "a later operator reads the size of a value computed before it";
      }
    }
  }
  return "";
}

void replace_forward(Module& module, std::shared_ptr<Graph> graph) {
  replace_method(module, "forward", std::move(graph));
}

void replace_method(Module& module, const std::string& method, std::shared_ptr<Graph> graph) {
  const auto unit = module._ivalue()->compilation_unit();
  const c10::QualifiedName name(*module.type()->name(), method);
  module.type()->unsafeRemoveMethod(method);
  unit->unsafeRemoveMethod(name);
  auto* function = unit->create_function(name, std::move(graph));
  module.type()->addMethod(function);
}

}  // namespace transfer
