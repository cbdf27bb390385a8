#include <algorithm>

#include "models/onnx/operators.h"

namespace transfer {
namespace {

using Graph = OnnxGraph;
using Call = ExecutedOperator;

const torch::Tensor& input_of(const Call& call) { return call.argument("self")[0].toTensor(); }
const torch::Tensor& output_of(const Call& call) { return call.results()[0][0].toTensor(); }

/// A window that moves over both axes of the image.
struct Window {
  std::vector<std::int64_t> kernel;
  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> padding;
  std::vector<std::int64_t> dilation;
  /// What the last window reaches over the padded image, where sizes are rounded up.
  std::vector<std::int64_t> excess = {0, 0};

  std::vector<std::int64_t> pads() const {
    return {padding[0], padding[1], padding[0] + excess[0], padding[1] + excess[1]};
  }
};

Window window_of(const Call& call) {
  Window window;
  window.kernel = call.integers("kernel_size", 2);
  window.stride = call.integers("stride");
  if (window.stride.empty()) window.stride = window.kernel;
  if (window.stride.size() == 1) window.stride.push_back(window.stride[0]);
  window.padding = call.integers("padding", 2);
  window.dilation = {1, 1};
  if (call.has_argument("dilation")) window.dilation = call.integers("dilation", 2, 1);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<std::int64_t>(i) + 2;
    const std::int64_t reach = (output_of(call).size(axis) - 1) * window.stride[i] +
                               window.dilation[i] * (window.kernel[i] - 1) + 1;
    const std::int64_t there = input_of(call).size(axis) + 2 * window.padding[i];
    window.excess[i] = std::max<std::int64_t>(reach - there, 0);
  }
  return window;
}

void require_images(const Call& call) {
  if (input_of(call).dim() != 4) call.refuse("does not pool images [N,C,H,W].");
}

std::string max_pool(Graph& graph, const Call& call) {
  require_images(call);
  const Window window = window_of(call);
  return graph.add("MaxPool", {graph.name_of(call, "self")},
                   {{"kernel_shape", window.kernel},
                    {"strides", window.stride},
                    {"dilations", window.dilation},
                    {"pads", window.pads()}});
}

std::string average_pool(Graph& graph, const Call& call) {
  require_images(call);
  const Window window = window_of(call);
  const bool is_padded = window.padding[0] > 0 || window.padding[1] > 0;
  const bool counts_padding = is_padded && call.flag("count_include_pad");
  if (call.is_given("divisor_override")) call.refuse("has a divisor of its own.");
  if (counts_padding && (window.excess[0] > 0 || window.excess[1] > 0)) {
    call.refuse("counts its padding and rounds sizes up, which ONNX cannot say.");
  }
  return graph.add("AveragePool", {graph.name_of(call, "self")},
                   {{"kernel_shape", window.kernel},
                    {"strides", window.stride},
                    {"pads", window.pads()},
                    {"count_include_pad", std::int64_t{counts_padding}}});
}

/// [outputs, inputs]: row i averages inputs floor(i·inputs/outputs) to ceil((i+1)·inputs/outputs),
/// as adaptive pooling is defined.
torch::Tensor averaging_matrix(std::int64_t inputs, std::int64_t outputs) {
  torch::Tensor matrix = torch::zeros({outputs, inputs});
  for (std::int64_t i = 0; i < outputs; ++i) {
    const std::int64_t first = i * inputs / outputs;
    const std::int64_t end = ((i + 1) * inputs + outputs - 1) / outputs;
    matrix.index_put_({i, torch::indexing::Slice(first, end)},
                      1.0 / static_cast<double>(end - first));
  }
  return matrix;
}

std::string adaptive_average_pool(Graph& graph, const Call& call) {
  require_images(call);
  const std::string input = graph.name_of(call, "self");
  const torch::Tensor& from = input_of(call);
  const torch::Tensor& to = output_of(call);
  if (to.size(2) == 1 && to.size(3) == 1) return graph.add("GlobalAveragePool", {input});
  if (from.sizes() == to.sizes()) return input;
  if (from.size(2) % to.size(2) == 0 && from.size(3) % to.size(3) == 0) {
    const std::vector<std::int64_t> kernel = {from.size(2) / to.size(2), from.size(3) / to.size(3)};
    return graph.add("AveragePool", {input}, {{"kernel_shape", kernel}, {"strides", kernel}});
  }
  const torch::Tensor rows = averaging_matrix(from.size(2), to.size(2));
  const torch::Tensor columns = averaging_matrix(from.size(3), to.size(3)).t();
  const std::string pooled = graph.add("MatMul", {graph.constant(rows, "rows"), input});
  return graph.add("MatMul", {pooled, graph.constant(columns, "columns")});
}

}  // namespace

OperatorTable pooling_operators() {
  return {{"max_pool2d", max_pool},
          {"avg_pool2d", average_pool},
          {"adaptive_avg_pool2d", adaptive_average_pool}};
}

}  // namespace transfer
