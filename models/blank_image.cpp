#include "models/blank_image.h"

#include <ATen/record_function.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>

#include "core/lack_of_resources.h"
#include "models/archive.h"
#include "models/dry_pass.h"
#include "models/graph_outputs.h"
#include "models/stage_graph.h"

namespace transfer {
namespace {

/// A tensor that an operator returned, and the multiply-adds up to then.
struct OperatorOutput {
  const void* tensor = nullptr;
  std::int64_t multiply_adds = 0;
};

/// What the callbacks recorded on this thread.
thread_local std::int64_t counted_multiply_adds = 0;
thread_local std::vector<OperatorOutput> operator_outputs;

/// Multiply-adds per element of the operator's output.
struct CostPerOutput : at::ObserverContext {
  std::int64_t multiply_adds = 0;
};

/// Position of the operator's first own value: the interpreter reports its whole stack, with the
/// operator's values at the end.
std::size_t first_own(std::size_t reported, std::size_t own) {
  return reported - std::min(reported, own);
}

std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& function) {
  auto cost = std::make_unique<CostPerOutput>();
  const std::string_view name = function.name();
  const bool is_convolution = name == "aten::_convolution";  // called by aten::convolution
  if (!is_convolution && name != "aten::addmm" && name != "aten::mm") return cost;
  // Inputs: _convolution(input, weight, …), addmm(bias, input, weight), mm(input, weight).
  const std::size_t position = name == "aten::addmm" ? 2 : 1;
  const auto all_inputs = function.inputs();
  const auto inputs = all_inputs.slice(first_own(all_inputs.size(), function.num_inputs()));
  if (inputs.size() <= position || !inputs[position].isTensor()) return cost;
  const auto& weight = inputs[position].toTensor();
  cost->multiply_adds = is_convolution ? weight.numel() / weight.size(0) : weight.size(0);
  return cost;
}

void on_end(const at::RecordFunction& function, at::ObserverContext* context) {
  const auto* cost = static_cast<const CostPerOutput*>(context);
  const auto& outputs = function.outputs();
  const std::size_t first = first_own(outputs.size(), function.num_outputs());
  if (first >= outputs.size() || !outputs[first].isTensor()) return;
  const auto& output = outputs[first].toTensor();
  if (cost != nullptr) counted_multiply_adds += cost->multiply_adds * output.numel();
  operator_outputs.push_back({output.unsafeGetTensorImpl(), counted_multiply_adds});
}

/// Counts the multiply-adds of what runs on this thread while it lives.
class CountingScope {
 public:
  CountingScope()
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(on_start, on_end)
                                               .needsInputs(true)
                                               .needsOutputs(true)
                                               .scopes({at::RecordScope::FUNCTION}))) {
    counted_multiply_adds = 0;
    operator_outputs.clear();
  }
  ~CountingScope() {
    at::removeCallback(handle_);
    operator_outputs.clear();
  }
  CountingScope(const CountingScope&) = delete;
  CountingScope& operator=(const CountingScope&) = delete;

  /// Multiply-adds up to the operator that returned this tensor. Addresses are reused, but not
  /// while the tensor lives, so the last match is the right one.
  static std::int64_t multiply_adds_until(const torch::Tensor& tensor) {
    const auto found = std::find_if(operator_outputs.rbegin(), operator_outputs.rend(),
                                    [&](const OperatorOutput& output) {
                                      return output.tensor == tensor.unsafeGetTensorImpl();
                                    });
    return found == operator_outputs.rend() ? 0 : found->multiply_adds;
  }

 private:
  at::CallbackHandle handle_;
};

/// A copy whose `forward` returns a list: the values at the cuts, then the logits.
torch::jit::Module with_all_outputs(const Backbone& backbone,
                                    const std::vector<std::string>& cuts) {
  // A copy, since a method that has run keeps its execution plan and ignores later edits.
  torch::jit::Module copy = copy_with_weights(backbone.implementation().module);
  const auto cut =
      graph_with_cuts(copy, backbone.implementation().classifier, cuts, backbone.file());
  std::vector<torch::jit::Value*> values;
  for (const std::size_t position : cut.outputs) values.push_back(cut.graph->outputs()[position]);
  torch::jit::Value* list = nullptr;
  {
    const torch::jit::WithInsertPoint at_the_end(cut.graph->return_node());
    list = cut.graph->insertNode(cut.graph->createList(c10::TensorType::get(), values))->output();
  }
  end_at(*cut.graph, list);
  remove_unused(cut.graph);
  replace_forward(copy, cut.graph);
  return copy;
}

}  // namespace

std::vector<CutOutput> run_blank_image(const Backbone& backbone,
                                       const std::vector<std::string>& cuts) {
  torch::NoGradGuard no_gradients;
  torch::jit::Module module = with_all_outputs(backbone, cuts);
  module.eval();
  // Optimising the graph would take longer than this single run.
  const torch::jit::GraphOptimizerEnabledGuard without_plans(false);
  const Preprocessing& p = backbone.metadata().preprocessing;
  const CountingScope counting;
  std::vector<torch::Tensor> tensors;
  try {
    const auto image = torch::zeros({1, p.channels, p.height, p.width});
    tensors = module.forward({image}).toTensorVector();
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    throw explain_failed_pass(backbone, error);
  }
  std::vector<CutOutput> outputs;
  outputs.reserve(tensors.size());
  for (const auto& tensor : tensors) {
    outputs.push_back({tensor.sizes().vec(), CountingScope::multiply_adds_until(tensor)});
  }
  return outputs;
}

}  // namespace transfer
