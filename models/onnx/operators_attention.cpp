#include <cmath>

#include "models/onnx/operators.h"

namespace transfer {
namespace {

using Graph = OnnxGraph;
using Call = ExecutedOperator;

std::vector<std::int64_t> last_two_swapped(std::int64_t dimensions) {
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < dimensions; ++i) order.push_back(i);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return order;
}

/// softmax(query · keyᵀ · scale + mask) · value.
std::string scaled_dot_product_attention(Graph& graph, const Call& call) {
  if (call.flag("is_causal")) call.refuse("is causal, which cannot be exported.");
  const torch::Tensor& query = call.argument("query")[0].toTensor();
  const double scale = call.is_given("scale") ? call.number("scale")
                                              : 1 / std::sqrt(static_cast<double>(query.size(-1)));
  const std::string key = graph.add("Transpose", {graph.name_of(call, "key")},
                                    {{"perm", last_two_swapped(query.dim())}});
  const std::string scaled = graph.add("Mul", {graph.name_of(call, "query"), graph.scalar(scale)});
  std::string scores = graph.add("MatMul", {scaled, key});
  if (call.is_given("attn_mask")) {
    const torch::Tensor mask = call.argument("attn_mask")[0].toTensor();
    if (mask.scalar_type() == torch::kBool) call.refuse("has a mask of yes and no.");
    scores = graph.add("Add", {scores, graph.name_of(call, "attn_mask")});
  }
  const std::string weights = graph.add("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
  return graph.add("MatMul", {weights, graph.name_of(call, "value")});
}

}  // namespace

OperatorTable attention_operators() {
  return {{"scaled_dot_product_attention", scaled_dot_product_attention}};
}

}  // namespace transfer
