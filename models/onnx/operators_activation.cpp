#include <cmath>
#include <numbers>

#include "models/onnx/operators.h"

namespace transfer {
namespace {

using Graph = OnnxGraph;
using Call = ExecutedOperator;

std::string clipped(Graph& graph, const std::string& input, double low, double high) {
  return graph.add("Clip", {input, graph.scalar(low), graph.scalar(high)});
}

std::string hard_sigmoid_of(Graph& graph, const std::string& input) {
  return graph.add("HardSigmoid", {input}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
}

std::string relu(Graph& graph, const Call& call) {
  return graph.add("Relu", {graph.name_of(call, "self")});
}

std::string sigmoid(Graph& graph, const Call& call) {
  return graph.add("Sigmoid", {graph.name_of(call, "self")});
}

std::string hyperbolic_tangent(Graph& graph, const Call& call) {
  return graph.add("Tanh", {graph.name_of(call, "self")});
}

std::string relu6(Graph& graph, const Call& call) {
  return clipped(graph, graph.name_of(call, "self"), 0, 6);
}

std::string hardtanh(Graph& graph, const Call& call) {
  return clipped(graph, graph.name_of(call, "self"), call.number("min_val"),
                 call.number("max_val"));
}

std::string clamp(Graph& graph, const Call& call) {
  const std::string low = call.is_given("min") ? graph.scalar(call.number("min")) : "";
  const std::string high = call.is_given("max") ? graph.scalar(call.number("max")) : "";
  return graph.add("Clip", {graph.name_of(call, "self"), low, high});
}

std::string hardsigmoid(Graph& graph, const Call& call) {
  return hard_sigmoid_of(graph, graph.name_of(call, "self"));
}

std::string hardswish(Graph& graph, const Call& call) {
  const std::string input = graph.name_of(call, "self");
  return graph.add("Mul", {input, hard_sigmoid_of(graph, input)});
}

std::string silu(Graph& graph, const Call& call) {
  const std::string input = graph.name_of(call, "self");
  return graph.add("Mul", {input, graph.add("Sigmoid", {input})});
}

std::string leaky_relu(Graph& graph, const Call& call) {
  return graph.add("LeakyRelu", {graph.name_of(call, "self")},
                   {{"alpha", static_cast<float>(call.number("negative_slope"))}});
}

/// x · Φ(x), Φ exact or by its approximation with tanh (Hendrycks and Gimpel 2016).
std::string gelu(Graph& graph, const Call& call) {
  const std::string input = graph.name_of(call, "self");
  std::string inner;
  if (call.argument("approximate")[0].toStringRef() == "tanh") {
    const std::string cube = graph.add("Mul", {graph.add("Mul", {input, input}), input});
    const std::string sum =
        graph.add("Add", {input, graph.add("Mul", {cube, graph.scalar(0.044715)})});
    const double scale = std::sqrt(2 * std::numbers::inv_pi);
    inner = graph.add("Tanh", {graph.add("Mul", {sum, graph.scalar(scale)})});
  } else {
    const double scale = 1 / std::numbers::sqrt2;
    inner = graph.add("Erf", {graph.add("Mul", {input, graph.scalar(scale)})});
  }
  const std::string half = graph.add("Mul", {input, graph.scalar(0.5)});
  return graph.add("Mul", {half, graph.add("Add", {inner, graph.scalar(1)})});
}

std::string softmax(Graph& graph, const Call& call) {
  const std::int64_t dimensions = call.argument("self")[0].toTensor().dim();
  return graph.add("Softmax", {graph.name_of(call, "self")},
                   {{"axis", call.dimension("dim", dimensions)}});
}

}  // namespace

OperatorTable activation_operators() {
  return {{"relu", relu},
          {"relu6", relu6},
          {"hardtanh", hardtanh},
          {"clamp", clamp},
          {"sigmoid", sigmoid},
          {"tanh", hyperbolic_tangent},
          {"hardswish", hardswish},
          {"hardsigmoid", hardsigmoid},
          {"silu", silu},
          {"gelu", gelu},
          {"leaky_relu", leaky_relu},
          {"softmax", softmax}};
}

}  // namespace transfer
