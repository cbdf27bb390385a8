#include "models/complexity.h"

#include <ATen/record_function.h>
#include <fmt/format.h>

#include "core/errors.h"
#include "models/archive.h"

namespace transfer {
namespace {

/// Multiply-adds seen by the callbacks of this thread.
thread_local std::int64_t counted_multiply_adds = 0;

/// Multiply-adds that each output element of the operator costs.
struct CostPerOutput : at::ObserverContext {
  std::int64_t multiply_adds = 0;
};

std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& function) {
  auto cost = std::make_unique<CostPerOutput>();
  const std::string_view name = function.name();
  const bool is_convolution = name == "aten::_convolution";  // aten::convolution calls it
  if (!is_convolution && name != "aten::addmm" && name != "aten::mm") return cost;
  // Inputs: _convolution(input, weight, …), addmm(bias, input, weight), mm(input, weight).
  const std::size_t position = name == "aten::addmm" ? 2 : 1;
  const auto inputs = function.inputs();
  if (inputs.size() <= position || !inputs[position].isTensor()) return cost;
  const auto& weight = inputs[position].toTensor();
  cost->multiply_adds = is_convolution ? weight.numel() / weight.size(0) : weight.size(0);
  return cost;
}

void on_end(const at::RecordFunction& function, at::ObserverContext* context) {
  const auto* cost = static_cast<const CostPerOutput*>(context);
  if (cost == nullptr || cost->multiply_adds == 0) return;
  const auto& outputs = function.outputs();
  if (!outputs.empty() && outputs[0].isTensor()) {
    counted_multiply_adds += cost->multiply_adds * outputs[0].toTensor().numel();
  }
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
  }
  ~CountingScope() { at::removeCallback(handle_); }
  CountingScope(const CountingScope&) = delete;
  CountingScope& operator=(const CountingScope&) = delete;

 private:
  at::CallbackHandle handle_;
};

/// Cost of everything from the picture to the end of `module`.
StageComplexity measure_prefix(torch::jit::Module module, const Preprocessing& p,
                               const std::string& path, const std::string& file) {
  StageComplexity total;
  total.path = path;
  for (const auto& parameter : module.parameters()) total.parameters += parameter.numel();
  torch::NoGradGuard no_gradients;
  module.eval();
  const CountingScope counting;
  try {
    const auto output =
        module.forward({torch::zeros({1, p.channels, p.height, p.width})}).toTensor();
    total.output_shape = output.sizes().slice(1).vec();
  } catch (const std::exception& error) {
    throw ModelError(fmt::format(
        "{}: a picture of {}x{} with {} channels does not pass through "
        "the network up to '{}': {}",
        file, p.width, p.height, p.channels, path, std::string(error.what()).substr(0, 400)));
  }
  total.multiply_adds = counted_multiply_adds;
  return total;
}

}  // namespace

std::vector<StageComplexity> measure_complexity(const Backbone& backbone) {
  const auto& module = backbone.implementation().module;
  const auto& metadata = backbone.metadata();
  std::vector<StageComplexity> prefixes;
  for (const std::string& stage : metadata.stages) {
    prefixes.push_back(measure_prefix(cut_after_stage(module, stage, backbone.file()),
                                      metadata.preprocessing, stage, backbone.file()));
  }
  prefixes.push_back(measure_prefix(cut_after_logits(module, backbone.file()),
                                    metadata.preprocessing, backbone.classifier_path(),
                                    backbone.file()));
  for (std::size_t i = prefixes.size() - 1; i > 0; --i) {
    prefixes[i].parameters -= prefixes[i - 1].parameters;
    prefixes[i].multiply_adds -= prefixes[i - 1].multiply_adds;
  }
  return prefixes;
}

}  // namespace transfer
