#include "models/onnx/operators.h"

namespace transfer {
namespace {

using Graph = OnnxGraph;
using Call = ExecutedOperator;

/// `self` and `alpha` · `other`.
std::string sum_like(Graph& graph, const Call& call, const std::string& type) {
  std::string other = graph.name_of(call, "other");
  if (call.has_argument("alpha") && call.number("alpha") != 1) {
    other = graph.add("Mul", {other, graph.scalar(call.number("alpha"))});
  }
  return graph.add(type, {graph.name_of(call, "self"), other});
}

std::string sum(Graph& graph, const Call& call) { return sum_like(graph, call, "Add"); }
std::string difference(Graph& graph, const Call& call) { return sum_like(graph, call, "Sub"); }

std::string product(Graph& graph, const Call& call) {
  return graph.add("Mul", {graph.name_of(call, "self"), graph.name_of(call, "other")});
}

std::string quotient(Graph& graph, const Call& call) {
  if (call.is_given("rounding_mode")) call.refuse("rounds, which cannot be exported.");
  return graph.add("Div", {graph.name_of(call, "self"), graph.name_of(call, "other")});
}

std::string power(Graph& graph, const Call& call) {
  return graph.add("Pow", {graph.name_of(call, "self"), graph.name_of(call, "exponent")});
}

std::string square_root(Graph& graph, const Call& call) {
  return graph.add("Sqrt", {graph.name_of(call, "self")});
}

std::string exponential(Graph& graph, const Call& call) {
  return graph.add("Exp", {graph.name_of(call, "self")});
}

std::string matrix_product(Graph& graph, const Call& call) {
  const std::string other = call.has_argument("mat2") ? "mat2" : "other";
  return graph.add("MatMul", {graph.name_of(call, "self"), graph.name_of(call, other)});
}

/// x · weightᵀ + bias.
std::string linear(Graph& graph, const Call& call) {
  const std::string input = graph.name_of(call, "input");
  const torch::Tensor weight = call.argument("weight")[0].toTensor();
  if (graph.has_name(weight)) call.refuse("has weights that depend on the image.");
  const bool has_bias = call.is_given("bias");
  if (call.argument("input")[0].toTensor().dim() == 2) {
    std::vector<std::string> inputs = {input, graph.constant(weight, "weight")};
    if (has_bias) inputs.push_back(graph.constant(call.argument("bias")[0].toTensor(), "bias"));
    return graph.add("Gemm", std::move(inputs), {{"transB", std::int64_t{1}}});
  }
  const std::string result = graph.add("MatMul", {input, graph.constant(weight.t(), "weight")});
  if (!has_bias) return result;
  return graph.add("Add", {result, graph.constant(call.argument("bias")[0].toTensor(), "bias")});
}

/// self · beta + mat1 · mat2 · alpha.
std::string sum_and_product(Graph& graph, const Call& call) {
  return graph.add(
      "Gemm",
      {graph.name_of(call, "mat1"), graph.name_of(call, "mat2"), graph.name_of(call, "self")},
      {{"alpha", static_cast<float>(call.number("alpha"))},
       {"beta", static_cast<float>(call.number("beta"))}});
}

std::string mean(Graph& graph, const Call& call) {
  const std::int64_t dimensions = call.argument("self")[0].toTensor().dim();
  std::vector<std::int64_t> axes;
  if (call.is_given("dim")) axes = call.integers("dim");
  for (std::int64_t& axis : axes) {
    if (axis < 0) axis += dimensions;
    if (axis == 0) call.refuse("takes the mean over images.");
  }
  if (axes.empty()) call.refuse("takes the mean over images.");
  return graph.add("ReduceMean", {graph.name_of(call, "self")},
                   {{"axes", axes}, {"keepdims", std::int64_t{call.flag("keepdim")}}});
}

}  // namespace

OperatorTable arithmetic_operators() {
  return {{"add", sum},           {"sub", difference},
          {"mul", product},       {"div", quotient},
          {"pow", power},         {"sqrt", square_root},
          {"exp", exponential},   {"matmul", matrix_product},
          {"mm", matrix_product}, {"bmm", matrix_product},
          {"linear", linear},     {"addmm", sum_and_product},
          {"mean", mean}};
}

}  // namespace transfer
