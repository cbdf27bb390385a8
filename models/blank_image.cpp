#include "models/blank_image.h"

#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>

#include "core/errors.h"
#include "models/archive.h"
#include "models/graph_outputs.h"
#include "models/stage_graph.h"

namespace transfer {
namespace {

/// A tensor that an operator has given, and the multiply-adds until then.
struct Given {
  const void* tensor = nullptr;
  std::int64_t multiply_adds = 0;
};

/// What the callbacks of this thread have seen.
thread_local std::int64_t counted_multiply_adds = 0;
thread_local std::vector<Given> given_tensors;

/// Multiply-adds that each output element of the operator costs.
struct CostPerOutput : at::ObserverContext {
  std::int64_t multiply_adds = 0;
};

/// Where the operator's own values begin among those shown: the interpreter shows all that lies on
/// its stack, the operator's last.
std::size_t first_own(std::size_t shown, std::size_t own) { return shown - std::min(shown, own); }

std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& function) {
  auto cost = std::make_unique<CostPerOutput>();
  const std::string_view name = function.name();
  const bool is_convolution = name == "aten::_convolution";  // aten::convolution calls it
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
  given_tensors.push_back({output.unsafeGetTensorImpl(), counted_multiply_adds});
}

/// Removes the callback when the scope ends.
class CountingScope {
 public:
  CountingScope()
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(on_start, on_end)
                                               .needsInputs(true)
                                               .needsOutputs(true)
                                               .scopes({at::RecordScope::FUNCTION}))) {
    counted_multiply_adds = 0;
    given_tensors.clear();
  }
  ~CountingScope() {
    at::removeCallback(handle_);
    given_tensors.clear();
  }
  CountingScope(const CountingScope&) = delete;
  CountingScope& operator=(const CountingScope&) = delete;

  /// Multiply-adds until the operator ended that gave this tensor. Addresses are used again, but
  /// not while the tensor lives: the last operator that gave it is the right one.
  static std::int64_t multiply_adds_until(const torch::Tensor& tensor) {
    const auto found = std::find_if(
        given_tensors.rbegin(), given_tensors.rend(),
        [&](const Given& given) { return given.tensor == tensor.unsafeGetTensorImpl(); });
    return found == given_tensors.rend() ? 0 : found->multiply_adds;
  }

 private:
  at::CallbackHandle handle_;
};

/// A copy whose `forward` gives a list of what flows at the cuts and of the logits.
torch::jit::Module with_all_outputs(const Backbone& backbone,
                                    const std::vector<std::string>& cuts) {
  // A copy, since running a method keeps a plan of it, and the graph may be edited later.
  torch::jit::Module copy = copy_with_weights(backbone.implementation().module);
  const auto cut = graph_with_cuts(copy, cuts, backbone.file());
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
  // Plans of how to run fast cost more than the one run.
  const torch::jit::GraphOptimizerEnabledGuard without_plans(false);
  const Preprocessing& p = backbone.metadata().preprocessing;
  const CountingScope counting;
  std::vector<torch::Tensor> tensors;
  try {
    const auto image = torch::zeros({1, p.channels, p.height, p.width});
    tensors = module.forward({image}).toTensorVector();
  } catch (const std::exception& error) {
    throw ModelError(fmt::format(
        "{}: an image of {}x{} with {} channels does not pass through the network. If it was "
        "made for one size only, set data.input_size. What it says: {}",
        backbone.file(), p.width, p.height, p.channels, std::string(error.what()).substr(0, 400)));
  }
  std::vector<CutOutput> outputs;
  outputs.reserve(tensors.size());
  for (const auto& tensor : tensors) {
    outputs.push_back({tensor.sizes().vec(), CountingScope::multiply_adds_until(tensor)});
  }
  return outputs;
}

}  // namespace transfer
