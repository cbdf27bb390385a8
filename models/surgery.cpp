#include "models/surgery.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/errors.h"
#include "core/nearest_name.h"
#include "models/graph_calls.h"
#include "models/graph_outputs.h"

namespace transfer {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

bool calls_stage_inside(const Node* node, const Graph& graph, const std::string& stage) {
  for (const Block* block : node->blocks()) {
    for (const Node* inner : block->nodes()) {
      const auto path = called_path(inner, graph);
      if (path && (*path == stage || path->empty() || stage.starts_with(*path + "."))) return true;
      if (calls_stage_inside(inner, graph, stage)) return true;
    }
  }
  return false;
}

/// The last node at the top level that is the stage or runs it inside.
Node* last_leading_to_stage(Graph& graph, const std::string& stage) {
  for (Node* node : graph.nodes().reverse()) {
    const auto path = called_path(node, graph);
    if (path && (*path == stage || path->empty() || stage.starts_with(*path + "."))) return node;
    if (calls_stage_inside(node, graph, stage)) return node;
  }
  return nullptr;
}

void check_stage(const Node* call, const std::string& stage, const std::string& file) {
  const bool gives_a_tensor =
      call->outputs().size() == 1 && call->output()->type()->kind() == c10::TypeKind::TensorType;
  if (!gives_a_tensor) {
    throw ModelError(fmt::format(
        "{}: stage '{}' returns {}, so the network cannot be cut there. Expected one tensor; take "
        "a "
        "stage that `transfer inspect` lists.",
        file, stage,
        call->outputs().size() == 1 ? call->output()->type()->annotation_str() : "several values"));
  }
}

/// Ends the graph at `value`, its only output.
void end_graph_at(const std::shared_ptr<Graph>& graph, Value* value) {
  end_at(*graph, value);
  remove_unused(graph);
  graph->lint();
}

[[noreturn]] void refuse_unknown_stage(const Module& module, const std::string& stage,
                                       const std::string& file) {
  std::vector<std::string> known;
  for (const auto& child : module.named_modules()) known.push_back(child.name);
  const bool exists = std::find(known.begin(), known.end(), stage) != known.end();
  throw ModelError(fmt::format(
      "{}: stage '{}' is not called by forward, so the network cannot be cut there{} `transfer "
      "inspect` lists the stages.",
      file, stage, exists ? "." : nearest_or_stop(stage, known)));
}

}  // namespace

ExposedStage expose_stage(const Module& module, const std::string& stage, const std::string& file) {
  auto graph = logits_graph(module, file);
  Value* output = expose_stage_in(graph, module, stage, file);
  return {graph, output};
}

Value* expose_stage_in(std::shared_ptr<Graph>& graph, const Module& module,
                       const std::string& stage, const std::string& file) {
  bool folded = false;
  while (true) {
    Node* node = last_leading_to_stage(*graph, stage);
    if (node == nullptr) refuse_unknown_stage(module, stage, file);
    if (called_path(node, *graph) == stage) {
      check_stage(node, stage, file);
      return node->output();
    }
    if (callee(node) != nullptr) {
      inline_call(node);
    } else if (!folded) {
      fold_known_branches(graph, module);
      folded = true;
    } else {
      throw ModelError(fmt::format(
          "{}: stage '{}' runs inside a branch or a loop, so the network cannot be cut there. Take "
          "a stage that `transfer inspect` lists.",
          file, stage));
    }
    remove_unused(graph);
  }
}

Module copy_with_weights(const Module& module) {
  torch::NoGradGuard no_gradients;
  Module copy = module.clone();
  // A tensor that is cloned without autograd loses requires_grad.
  const auto originals = module.parameters();
  auto original = originals.begin();
  for (torch::Tensor parameter : copy.parameters()) {
    parameter.set_requires_grad((*original).requires_grad());
    ++original;
  }
  return copy;
}

Value* features_from(Graph& graph, Value* value, const ClassifierLayer& classifier) {
  if (!classifier.token) return average_over(graph, value, classifier.pooled);
  const torch::jit::WithInsertPoint behind(value->node()->next());
  return graph.insert(c10::aten::select, {value, 1, *classifier.token});
}

std::shared_ptr<Graph> feature_graph(const Module& module, const ClassifierLayer& classifier,
                                     const std::string& file) {
  const auto exposed = expose_classifier(module, classifier, file);
  end_graph_at(exposed.graph, features_from(*exposed.graph, exposed.input, classifier));
  return exposed.graph;
}

Module cut_before_classifier(const Module& module, const ClassifierLayer& classifier,
                             const std::string& file) {
  Module copy = copy_with_weights(module);
  replace_forward(copy, feature_graph(copy, classifier, file));
  drop_unread_tensors(copy);
  return copy;
}

std::shared_ptr<Graph> graph_up_to_stage(const Module& module, const std::string& stage,
                                         const std::string& file) {
  const auto exposed = expose_stage(module, stage, file);
  const auto bypass = describe_bypass(*exposed.graph, exposed.output, /*sizes_count=*/false);
  if (!bypass.empty()) {
    throw ModelError(fmt::format(
        "{}: cannot cut at '{}': {}. Cut at the block around it; `transfer inspect` lists the "
        "stages.",
        file, stage, bypass));
  }
  end_graph_at(exposed.graph, exposed.output);
  return exposed.graph;
}

Module cut_after_stage(const Module& module, const std::string& stage, const std::string& file) {
  Module copy = copy_with_weights(module);
  replace_forward(copy, graph_up_to_stage(copy, stage, file));
  drop_unread_tensors(copy);
  return copy;
}

std::string keep_logits_only(Module& module, const std::string& file) {
  const auto method = module.get_method("forward");
  const auto& schema = method.function().getSchema();
  const bool is_plain = schema.arguments().size() == 2 && schema.returns().size() == 1 &&
                        schema.returns()[0].type()->kind() == c10::TypeKind::TensorType;
  std::string remark;
  if (!is_plain) replace_forward(module, logits_graph(module, file, &remark));
  return remark;
}

std::vector<std::int64_t> pooled_dimensions(torch::IntArrayRef shape) {
  if (shape.size() == 3) return {1};
  if (shape.size() != 4) return {};
  const bool channels_come_last = shape[1] == shape[2] && shape[2] != shape[3];
  return channels_come_last ? std::vector<std::int64_t>{1, 2} : std::vector<std::int64_t>{2, 3};
}

void drop_unread_tensors(Module& module) {
  const auto paths = tensors_read_by(module, "forward");
  const std::set<std::string> read(paths.begin(), paths.end());
  for (const auto& owner : module.named_modules()) {
    const std::string prefix = owner.name.empty() ? "" : owner.name + ".";
    std::vector<std::string> unread;
    for (const auto& tensor : owner.value.named_parameters(/*recurse=*/false)) {
      if (!read.contains(prefix + tensor.name)) unread.push_back(tensor.name);
    }
    for (const auto& tensor : owner.value.named_buffers(/*recurse=*/false)) {
      if (!read.contains(prefix + tensor.name)) unread.push_back(tensor.name);
    }
    for (const auto& name : unread) {
      const auto old = owner.value.attr(name).toTensor();
      owner.value._ivalue()->setAttr(name, torch::empty({0}, old.options()));
    }
  }
}

Value* average_over(Graph& graph, Value* value, const std::vector<std::int64_t>& dimensions) {
  const torch::jit::WithInsertPoint behind(value->node()->next());
  return dimensions.empty() ? graph.insert(c10::aten::clone, {value})
                            : graph.insert(c10::aten::mean, {value, dimensions});
}

Value* deviation_over(Graph& graph, Value* value, const std::vector<std::int64_t>& dimensions) {
  const torch::jit::WithInsertPoint behind(value->node()->next());
  return graph.insert(c10::aten::std, {value, dimensions, false});
}

Value* quarters_of(Graph& graph, Value* value, const std::vector<std::int64_t>& dimensions) {
  const torch::jit::WithInsertPoint behind(value->node()->next());
  const bool channels_come_last = dimensions.front() == 1;
  Value* map = channels_come_last ? graph.insert(c10::aten::permute,
                                                 {value, std::vector<std::int64_t>{0, 3, 1, 2}})
                                  : value;
  Value* pooled =
      graph.insert(c10::aten::adaptive_avg_pool2d, {map, std::vector<std::int64_t>{2, 2}});
  return graph.insert(c10::aten::flatten, {pooled, 1});
}

void average_output(Module& module, const std::vector<std::int64_t>& dimensions) {
  if (dimensions.empty()) return;
  const auto graph = module.get_method("forward").graph()->copy();
  Value* average = average_over(*graph, graph->outputs()[0], dimensions);
  graph->eraseOutput(0);
  graph->registerOutput(average);
  replace_forward(module, graph);
}

std::vector<std::string> tensors_read_by(const std::shared_ptr<Graph>& original) {
  const auto graph = original->copy();
  inline_all_calls(*graph);
  std::set<std::string> paths;
  const std::function<void(const Block*)> visit = [&](const Block* block) {
    for (const Node* node : block->nodes()) {
      if (node->kind() == c10::prim::GetAttr) {
        const auto path = path_from_self(node->output(), *graph);
        if (path) paths.insert(*path);
      }
      for (const Block* inner : node->blocks()) visit(inner);
    }
  };
  visit(graph->block());
  return {paths.begin(), paths.end()};
}

std::vector<std::string> tensors_read_by(const Module& module, const std::string& method) {
  return tensors_read_by(module.get_method(method).graph());
}

}  // namespace transfer
