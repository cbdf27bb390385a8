#include "models/stage_finder.h"

#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/lack_of_resources.h"
#include "models/classifier_layer.h"
#include "models/graph_calls.h"
#include "models/graph_outputs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

/// A container with a larger share of the weights is the network, not a stage of it.
constexpr double kNearlyAll = 0.9;
constexpr int kDeepest = 4;

/// A submodule that may be a stage, and the submodules that it calls.
struct Candidate {
  std::string path;
  std::size_t output = 0;  ///< position in the graph's outputs, which survive edits of the graph
  double share = 0.0;
  bool usable = false;
  std::vector<std::int64_t> shape;
  std::vector<Candidate> children;
};

class StageFinder {
 public:
  StageFinder(const Module& module, const ClassifierLayer& classifier, const std::string& file)
      : module_(module) {
    const auto exposed = expose_classifier(module, classifier, file);
    graph_ = exposed.graph;
    end_at(*graph_, exposed.input);
    remove_unused(graph_);
    measure_weights(classifier.path);
  }

  std::vector<std::string> find(torch::IntArrayRef image_shape) {
    auto candidates = collect(nullptr, nullptr, "", 0);
    check_usable(candidates);
    measure_shapes(candidates, image_shape);
    std::vector<std::string> stages;
    select(candidates, /*keep_equal=*/false, stages);
    return stages;
  }

 private:
  void measure_weights(const std::string& classifier) {
    for (const auto& parameter : module_.named_parameters()) {
      if (parameter.name.starts_with(classifier + ".")) continue;
      weights_.emplace_back(parameter.name, parameter.value);
      all_weights_ += static_cast<double>(parameter.value.numel());
    }
  }

  /// Share of the weights that lie below `path`; 0 without a convolution or linear layer among
  /// them.
  double share_of(const std::string& path) const {
    double count = 0.0;
    bool has_layers = false;
    for (const auto& [name, tensor] : weights_) {
      if (!name.starts_with(path + ".")) continue;
      count += static_cast<double>(tensor.numel());
      has_layers |= tensor.dim() >= 2;
    }
    return has_layers ? count / all_weights_ : 0.0;
  }

  /// Candidates among the nodes between two others (nullptr: the graph's ends). Containers are
  /// inlined, and the candidates inside them are their children.
  std::vector<Candidate> collect(Node* before, Node* after, const std::string& owner, int depth) {
    std::vector<Candidate> candidates;
    Node* node = before == nullptr ? *graph_->nodes().begin() : before->next();
    Node* end = after == nullptr ? graph_->return_node() : after;
    while (node != end) {
      Node* previous = node->prev();
      const auto path = called_path(node, *graph_);
      if (path == owner && callee(node) != nullptr) {  // a helper method of the same module
        inline_call(node);
        node = previous->next();
        continue;
      }
      Node* next = node->next();
      if (path && path->size() > owner.size() && gives_a_tensor(node)) {
        Candidate found;
        found.path = *path;
        found.share = share_of(*path);
        if (found.share > 0.0) {
          found.output = graph_->registerOutput(node->output());
          if (depth < kDeepest && may_expand(node, found.share)) {
            inline_call(node);
            found.children = collect(previous, next, *path, depth + 1);
          }
          candidates.push_back(std::move(found));
        }
      }
      node = next;
    }
    return candidates;
  }

  static bool gives_a_tensor(const Node* node) {
    return node->outputs().size() == 1 &&
           node->output()->type()->kind() == c10::TypeKind::TensorType;
  }

  static bool may_expand(const Node* node, double share) {
    if (callee(node) == nullptr) return false;
    const auto type = node->input(0)->type()->cast<c10::ClassType>();
    return share > kNearlyAll || type->name()->name() == "Sequential";
  }

  void check_usable(std::vector<Candidate>& candidates) {
    for (Candidate& candidate : candidates) {
      const Value* value = graph_->outputs()[candidate.output];
      candidate.usable = ++times_called_[candidate.path] == 1 &&
                         value->node()->kind() != c10::prim::Param &&
                         describe_bypass(*graph_, value, /*sizes_count=*/true).empty();
      check_usable(candidate.children);
    }
  }

  void measure_shapes(std::vector<Candidate>& candidates, torch::IntArrayRef image_shape) {
    const auto flat = graph_->copy();
    inline_all_calls(*flat);  // so that no method of the module keeps an execution plan
    torch::NoGradGuard no_gradients;
    torch::jit::Stack stack{module_._ivalue(), torch::zeros(image_shape)};
    try {
      torch::jit::GraphExecutor(flat, "stages", torch::jit::ExecutorExecutionMode::SIMPLE)
          .run(stack);
    } catch (const std::exception& error) {
      if (is_out_of_memory(error)) throw;
      return;  // the network does not take an image of this size; shapes stay unknown
    }
    set_shapes(candidates, stack);
  }

  static void set_shapes(std::vector<Candidate>& candidates, const torch::jit::Stack& outputs) {
    for (Candidate& candidate : candidates) {
      candidate.shape = outputs.at(candidate.output).toTensor().sizes().vec();
      set_shapes(candidate.children, outputs);
    }
  }

  static bool shapes_differ(const std::vector<Candidate>& candidates) {
    std::set<std::vector<std::int64_t>> shapes;
    for (const Candidate& c : candidates) {
      if (c.usable) shapes.insert(c.shape);
    }
    return shapes.size() > 1;
  }

  static bool expands(const Candidate& candidate) {
    const auto& children = candidate.children;
    const bool any = std::any_of(children.begin(), children.end(),
                                 [](const Candidate& child) { return child.usable; });
    return any && (candidate.share > kNearlyAll || shapes_differ(children));
  }

  /// Appends the stages among siblings. With `keep_equal`, those of equal shape are all stages.
  void select(const std::vector<Candidate>& candidates, bool keep_equal,
              std::vector<std::string>& stages) const {
    const Candidate* waiting = nullptr;  // the last of its shape so far
    for (const Candidate& candidate : candidates) {
      const bool expanded = expands(candidate);
      if (!candidate.usable && !expanded) continue;
      const bool same = waiting != nullptr && !expanded && !keep_equal &&
                        !candidate.shape.empty() && waiting->shape == candidate.shape;
      if (waiting != nullptr && !same) stages.push_back(waiting->path);
      waiting = expanded ? nullptr : &candidate;
      if (expanded) select(candidate.children, !shapes_differ(candidate.children), stages);
    }
    if (waiting != nullptr) stages.push_back(waiting->path);
  }

  Module module_;
  std::shared_ptr<Graph> graph_;
  std::vector<std::pair<std::string, torch::Tensor>> weights_;
  double all_weights_ = 0.0;
  std::map<std::string, int> times_called_;
};

}  // namespace

std::vector<std::string> find_stages(const Module& module, const ClassifierLayer& classifier,
                                     torch::IntArrayRef image_shape, const std::string& file) {
  return StageFinder(module, classifier, file).find(image_shape);
}

}  // namespace transfer
