#include "models/logits_ending.h"

#include <fmt/format.h>

#include <algorithm>
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

bool keeps_logits(const Node* node) {
  static const std::set<std::string> kinds = {
      // element by element
      "aten::softmax", "aten::_softmax", "aten::log_softmax", "aten::_log_softmax", "aten::sigmoid",
      "aten::sigmoid_", "aten::log_sigmoid", "aten::dropout", "aten::dropout_", "aten::mul",
      "aten::mul_", "aten::div", "aten::div_", "aten::add", "aten::add_", "aten::sub", "aten::sub_",
      "aten::neg", "aten::clamp", "aten::clamp_", "aten::to", "aten::type_as", "aten::contiguous",
      "aten::clone", "aten::detach", "aten::alias", "aten::float",
      // averages and sums over the image or over tokens
      "aten::mean", "aten::sum", "aten::adaptive_avg_pool1d", "aten::adaptive_avg_pool2d",
      "aten::adaptive_avg_pool3d", "aten::avg_pool1d", "aten::avg_pool2d", "aten::amax",
      "aten::max_pool2d", "aten::upsample_bilinear2d", "aten::upsample_nearest2d",
      "aten::__interpolate",
      // reshapes
      "aten::flatten", "aten::view", "aten::reshape", "aten::squeeze", "aten::squeeze_",
      "aten::unsqueeze", "aten::permute", "aten::transpose", "aten::t", "aten::select",
      "aten::slice"};
  return kinds.contains(node->kind().toQualString());
}

bool may_hold_content(const Value* value, const Graph& graph, std::set<const Value*>& seen);

/// The same for the branches of an `if`.
bool may_hold_content(const Block* block, const Graph& graph, std::set<const Value*>& seen) {
  const auto holds = [&](const Value* value) { return may_hold_content(value, graph, seen); };
  const auto outputs = block->outputs();
  return std::any_of(outputs.begin(), outputs.end(), holds);
}

bool may_hold_content(const Value* value, const Graph& graph, std::set<const Value*>& seen) {
  if (!seen.insert(value).second) return false;
  if (path_from_self(value, graph)) return false;
  const Node* node = value->node();
  if (asks_only_for_size(node)) return false;
  const auto blocks = node->blocks();
  const bool is_loop = !blocks.empty() && node->kind() != c10::prim::If;
  if (node->kind() == c10::prim::Param || is_loop) return true;
  const auto inputs = node->inputs();
  return std::any_of(inputs.begin(), inputs.end(),
                     [&](const Value* input) { return may_hold_content(input, graph, seen); }) ||
         std::any_of(blocks.begin(), blocks.end(),
                     [&](const Block* block) { return may_hold_content(block, graph, seen); });
}

/// The only input of the node that depends on the image; nullptr when there are several.
Value* only_content(Node* node, const Graph& graph) {
  Value* found = nullptr;
  for (Value* input : node->inputs()) {
    if (!may_depend_on_image(input, graph)) continue;
    if (found != nullptr) return nullptr;
    found = input;
  }
  return found;
}

/// The operator's name without the underscore of the in-place variant.
std::string operator_name(const Node* node) {
  std::string name = node->kind().toUnqualString();
  if (name.ends_with('_')) name.pop_back();
  return name;
}

/// What became of following one value back.
struct Followed {
  enum class Result { kReached, kInlined, kBranch } result = Result::kReached;
  Value* value = nullptr;
};

class EndingFinder {
 public:
  EndingFinder(std::shared_ptr<Graph>& graph, const Module& module, const std::string& file)
      : graph_(graph), module_(module), file_(file) {}

  LogitsEnding find() {
    while (true) {
      activation_.clear();
      const Followed end = follow(graph_->outputs().at(0), *graph_->block());
      if (end.result == Followed::Result::kInlined) {
        remove_unused(graph_);
        may_fold_ = true;
        continue;
      }
      if (end.result == Followed::Result::kBranch && may_fold_) {
        fold_known_branches(graph_, module_);
        remove_unused(graph_);
        may_fold_ = false;
        continue;
      }
      return describe(end.value);
    }
  }

 private:
  /// Follows a value of `block` to the first operator that is not passed over, or to a value from
  /// outside the block.
  Followed follow(Value* value, Block& block) {
    while (value->node()->owningBlock() == &block && value->node()->kind() != c10::prim::Param) {
      Node* node = value->node();
      if (as_layer(node)) break;
      if (callee(node) != nullptr) {
        inline_call(node);
        return {Followed::Result::kInlined, nullptr};
      }
      if (node->kind() == c10::prim::If) {
        const Followed before = before_branch(node, value->offset());
        if (before.result != Followed::Result::kReached) return {before.result, value};
        value = before.value;
        continue;
      }
      const bool is_activated = is_activation(node);
      if (!is_activated && !keeps_logits(node)) break;
      Value* source = only_content(node, *graph_);
      if (source == nullptr) break;
      if (is_activated) activation_ = operator_name(node);
      value = source;
    }
    return {Followed::Result::kReached, value};
  }

  /// The value in front of an `if` whose branches only do what is passed over.
  Followed before_branch(Node* node, std::size_t output) {
    Value* common = nullptr;
    for (Block* block : node->blocks()) {
      const Followed end = follow(block->outputs()[output], *block);
      if (end.result == Followed::Result::kInlined) return end;
      const bool is_outside =
          end.result == Followed::Result::kReached && end.value->node()->owningBlock() != block;
      if (!is_outside || (common != nullptr && common != end.value)) {
        return {Followed::Result::kBranch, nullptr};
      }
      common = end.value;
    }
    return {Followed::Result::kReached, common};
  }

  LogitsEnding describe(Value* end) const {
    Node* node = end->node();
    if (const auto layer = as_layer(node)) {
      const bool is_convolution =
          std::string(node->kind().toQualString()).find("conv") != std::string::npos;
      const bool as_in_squeezenet = is_convolution && is_dropout(layer->input()->node());
      if (activation_.empty() || as_in_squeezenet) return {layer, ""};
      return {std::nullopt, fmt::format("it ends in {} behind its last layer", activation_)};
    }
    if (!node->blocks().empty() && leads_to_layer(node)) {
      throw ModelError(fmt::format(
          "{}: the last layer runs inside a branch or a loop, so it cannot be replaced. Trace the "
          "model in evaluation mode, or export it without the branch.",
          file_));
    }
    if (node->kind() == c10::prim::Param) return {std::nullopt, "it returns its input"};
    return {std::nullopt, fmt::format("it ends in {}", operator_name(node))};
  }

  std::shared_ptr<Graph>& graph_;
  const Module& module_;
  const std::string& file_;
  bool may_fold_ = true;
  std::string activation_;
};

}  // namespace

bool is_activation(const Node* node) {
  static const std::set<std::string> kinds = {
      "aten::relu",     "aten::relu_",     "aten::relu6",     "aten::relu6_",
      "aten::hardtanh", "aten::hardtanh_", "aten::clamp_min", "aten::clamp_min_"};
  return kinds.contains(node->kind().toQualString());
}

bool may_depend_on_image(const Value* value, const Graph& graph) {
  std::set<const Value*> seen;
  return may_hold_content(value, graph, seen);
}

LogitsEnding find_ending(std::shared_ptr<Graph>& graph, const Module& module,
                         const std::string& file) {
  return EndingFinder(graph, module, file).find();
}

}  // namespace transfer
