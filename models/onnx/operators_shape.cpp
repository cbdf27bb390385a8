#include <algorithm>
#include <limits>
#include <numeric>

#include "models/onnx/operators.h"

namespace transfer {
namespace {

using Graph = OnnxGraph;
using Call = ExecutedOperator;

std::int64_t dimensions_of(const Call& call) { return call.argument("self")[0].toTensor().dim(); }

/// Whatever moves no value: flatten, reshape, view, squeeze, unsqueeze, unflatten.
std::string reshaped(Graph& graph, const Call& call) {
  const char* input = call.has_argument("self") ? "self" : "input";
  return graph.reshape(call, graph.name_of(call, input), sizes_of(call.results()[0]));
}

std::string same(Graph& graph, const Call& call) {
  return graph.name_of(call, call.has_argument("self") ? "self" : "input");
}

std::string permute(Graph& graph, const Call& call) {
  auto order = call.integers("dims");
  for (std::int64_t& axis : order) axis += axis < 0 ? dimensions_of(call) : 0;
  return graph.add("Transpose", {graph.name_of(call, "self")}, {{"perm", order}});
}

std::string swapped(Graph& graph, const Call& call, std::int64_t first, std::int64_t second) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(dimensions_of(call)));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order.at(static_cast<std::size_t>(first)), order.at(static_cast<std::size_t>(second)));
  return graph.add("Transpose", {graph.name_of(call, "self")}, {{"perm", order}});
}

std::string transpose(Graph& graph, const Call& call) {
  const std::int64_t dimensions = dimensions_of(call);
  return swapped(graph, call, call.dimension("dim0", dimensions),
                 call.dimension("dim1", dimensions));
}

std::string matrix_transpose(Graph& graph, const Call& call) { return swapped(graph, call, 0, 1); }

std::string concatenated(Graph& graph, const Call& call) {
  const auto first = call.argument("tensors")[0].toTensorVector();
  const auto second = call.argument("tensors")[1].toTensorVector();
  const std::int64_t axis = call.dimension("dim", first.at(0).dim());
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < first.size(); ++i) {
    inputs.push_back(graph.name_of(call, ValuePair{first[i], second[i]}));
  }
  return graph.add("Concat", std::move(inputs), {{"axis", axis}});
}

std::string sliced(Graph& graph, const std::string& input, std::int64_t axis, std::int64_t first,
                   std::int64_t end, std::int64_t step = 1) {
  return graph.add("Slice", {input, graph.integers({first}), graph.integers({end}),
                             graph.integers({axis}), graph.integers({step})});
}

std::string slice(Graph& graph, const Call& call) {
  const std::int64_t axis = call.dimension("dim", dimensions_of(call));
  const std::int64_t first = call.is_given("start") ? call.integer("start") : 0;
  const std::int64_t end =
      call.is_given("end") ? call.integer("end") : std::numeric_limits<std::int64_t>::max();
  return sliced(graph, graph.name_of(call, "self"), axis, first, end, call.integer("step"));
}

std::string select(Graph& graph, const Call& call) {
  const std::int64_t axis = call.dimension("dim", dimensions_of(call));
  if (!sizes_of(call.argument("self")).at(static_cast<std::size_t>(axis))) {
    call.refuse("takes one image of all.");
  }
  const std::string index = graph.constant(torch::tensor(call.integer("index")), "index");
  return graph.add("Gather", {graph.name_of(call, "self"), index}, {{"axis", axis}});
}

/// Repeats a tensor, such as a class token once for each image.
std::string expanded(Graph& graph, const Call& call) {
  const auto sizes = sizes_of(call.results()[0]);
  const auto from = sizes_of(call.argument("self"));
  const std::string input = graph.name_of(call, "self");
  if (from == sizes) return input;
  std::vector<std::int64_t> target;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (!sizes[i] && i > 0) call.refuse("repeats a tensor for each image in a dimension behind.");
    if (sizes[i]) target.push_back(*sizes[i]);
  }
  std::string shape = graph.integers(target);
  if (!sizes.at(0)) {
    shape = graph.add("Concat", {graph.batch_size(), shape}, {{"axis", std::int64_t{0}}});
  }
  return graph.add("Expand", {input, shape});
}

std::string rolled(Graph& graph, const Call& call) {
  const auto shifts = call.integers("shifts");
  const auto axes = call.integers("dims");
  if (axes.size() != shifts.size()) call.refuse("names no dimensions.");
  std::string result = graph.name_of(call, "self");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t axis = axes[i] < 0 ? axes[i] + dimensions_of(call) : axes[i];
    const Size size = sizes_of(call.argument("self")).at(static_cast<std::size_t>(axis));
    if (!size) call.refuse("moves images.");
    const std::int64_t split = ((-shifts[i] % *size) + *size) % *size;
    if (split == 0) continue;
    const std::string head = sliced(graph, result, axis, 0, split);
    const std::string tail = sliced(graph, result, axis, split, *size);
    result = graph.add("Concat", {tail, head}, {{"axis", axis}});
  }
  return result;
}

/// LibTorch counts pads from the last dimension; ONNX has all that go before, then all behind.
std::string padded(Graph& graph, const Call& call) {
  const auto given = call.integers("pad");
  const auto dimensions = static_cast<std::size_t>(dimensions_of(call));
  std::vector<std::int64_t> pads(2 * dimensions);
  for (std::size_t i = 0; 2 * i + 1 < given.size(); ++i) {
    pads[dimensions - 1 - i] = given[2 * i];
    pads[2 * dimensions - 1 - i] = given[2 * i + 1];
  }
  const std::string mode =
      call.has_argument("mode") ? call.argument("mode")[0].toStringRef() : "constant";
  if (mode == "circular") call.refuse("continues the image on its other side.");
  const double value = call.is_given("value") ? call.number("value") : 0;
  std::vector<std::string> inputs = {graph.name_of(call, "self"), graph.integers(pads)};
  if (mode == "constant") inputs.push_back(graph.scalar(value));
  return graph.add("Pad", std::move(inputs), {{"mode", mode == "replicate" ? "edge" : mode}});
}

}  // namespace

OperatorTable shape_operators() {
  return {{"flatten", reshaped},
          {"reshape", reshaped},
          {"view", reshaped},
          {"squeeze", reshaped},
          {"unsqueeze", reshaped},
          {"unflatten", reshaped},
          {"_unsafe_view", reshaped},
          {"contiguous", same},
          {"clone", same},
          {"to", same},
          {"dropout", same},
          {"feature_dropout", same},
          {"alias", same},
          {"detach", same},
          {"permute", permute},
          {"transpose", transpose},
          {"t", matrix_transpose},
          {"cat", concatenated},
          {"slice", slice},
          {"select", select},
          {"expand", expanded},
          {"roll", rolled},
          {"pad", padded},
          {"constant_pad_nd", padded}};
}

}  // namespace transfer
