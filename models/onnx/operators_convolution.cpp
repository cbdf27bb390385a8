#include "models/onnx/operators.h"

namespace transfer {
namespace {

using Graph = OnnxGraph;
using Call = ExecutedOperator;

/// The padding before and behind both axes as ONNX has it: top, left, bottom, right.
std::vector<std::int64_t> pads_of(const Call& call, const torch::Tensor& weight,
                                  const std::vector<std::int64_t>& dilation) {
  const c10::IValue& padding = call.argument("padding")[0];
  if (!padding.isString()) {
    const auto pads = call.integers("padding", 2);
    return {pads[0], pads[1], pads[0], pads[1]};
  }
  if (padding.toStringRef() != "same") return {0, 0, 0, 0};
  std::vector<std::int64_t> pads(4);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t all = dilation[i] * (weight.size(static_cast<std::int64_t>(i) + 2) - 1);
    pads[i] = all / 2;
    pads[i + 2] = all - all / 2;
  }
  return pads;
}

std::string convolution(Graph& graph, const Call& call) {
  const torch::Tensor weight = call.argument("weight")[0].toTensor();
  if (weight.dim() != 4) call.refuse("is not in two dimensions, which cannot be exported.");
  if (call.has_argument("transposed") && call.flag("transposed")) {
    call.refuse("is transposed, which cannot be exported.");
  }
  const auto dilation = call.integers("dilation", 2, 1);
  std::vector<std::string> inputs = {graph.name_of(call, "input"),
                                     graph.constant(weight, "weight")};
  if (call.is_given("bias")) {
    inputs.push_back(graph.constant(call.argument("bias")[0].toTensor(), "bias"));
  }
  return graph.add("Conv", std::move(inputs),
                   {{"kernel_shape", std::vector{weight.size(2), weight.size(3)}},
                    {"strides", call.integers("stride", 2, 1)},
                    {"dilations", dilation},
                    {"pads", pads_of(call, weight, dilation)},
                    {"group", call.integer("groups")}});
}

}  // namespace

OperatorTable convolution_operators() {
  return {{"conv2d", convolution}, {"_convolution", convolution}, {"convolution", convolution}};
}

}  // namespace transfer
