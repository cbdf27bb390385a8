#include "models/onnx/operators.h"

namespace transfer {
namespace {

using Graph = OnnxGraph;
using Call = ExecutedOperator;

torch::Tensor tensor_or(const Call& call, const std::string& name, const torch::Tensor& fallback) {
  return call.is_given(name) ? call.argument(name)[0].toTensor() : fallback;
}

/// Of evaluation: with the running statistics.
std::string batch_norm(Graph& graph, const Call& call) {
  if (call.flag("training")) call.refuse("normalises by the batch, not by running statistics.");
  const torch::Tensor mean = call.argument("running_mean")[0].toTensor();
  return graph.add("BatchNormalization",
                   {graph.name_of(call, "input"),
                    graph.constant(tensor_or(call, "weight", torch::ones_like(mean)), "weight"),
                    graph.constant(tensor_or(call, "bias", torch::zeros_like(mean)), "bias"),
                    graph.constant(mean, "running_mean"),
                    graph.constant(call.argument("running_var")[0].toTensor(), "running_var")},
                   {{"epsilon", static_cast<float>(call.number("eps"))}});
}

/// In elementary steps: LayerNormalization came with operator set 17.
std::string layer_norm(Graph& graph, const Call& call) {
  const std::string input = graph.name_of(call, "input");
  const auto count = static_cast<std::int64_t>(call.integers("normalized_shape").size());
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = -count; axis < 0; ++axis) axes.push_back(axis);
  const auto mean_of = [&](const std::string& values) {
    return graph.add("ReduceMean", {values}, {{"axes", axes}, {"keepdims", std::int64_t{1}}});
  };
  const std::string centred = graph.add("Sub", {input, mean_of(input)});
  const std::string variance = mean_of(graph.add("Mul", {centred, centred}));
  const std::string deviation =
      graph.add("Sqrt", {graph.add("Add", {variance, graph.scalar(call.number("eps"))})});
  std::string result = graph.add("Div", {centred, deviation});
  if (call.is_given("weight")) {
    const auto weight = graph.constant(call.argument("weight")[0].toTensor(), "weight");
    result = graph.add("Mul", {result, weight});
  }
  if (call.is_given("bias")) {
    const auto bias = graph.constant(call.argument("bias")[0].toTensor(), "bias");
    result = graph.add("Add", {result, bias});
  }
  return result;
}

}  // namespace

OperatorTable normalization_operators() {
  return {{"batch_norm", batch_norm}, {"layer_norm", layer_norm}};
}

}  // namespace transfer
