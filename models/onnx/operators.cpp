#include "models/onnx/operators.h"

#include <algorithm>
#include <set>

namespace transfer {
namespace {

const OperatorTable& all_operators() {
  static const OperatorTable table = [] {
    OperatorTable all;
    for (OperatorTable part :
         {activation_operators(), arithmetic_operators(), convolution_operators(),
          pooling_operators(), normalization_operators(), shape_operators(),
          attention_operators()}) {
      all.merge(part);
    }
    return all;
  }();
  return table;
}

/// "aten::add_" → "add".
std::string plain_name(const std::string& name) {
  const std::string plain = name.substr(name.find(':') + 2);
  return plain.ends_with('_') && !plain.ends_with("__") ? plain.substr(0, plain.size() - 1) : plain;
}

/// Operators that read a tensor's shape and type but no values, and those of lists.
bool reads_no_values(const std::string& name) {
  static const std::set<std::string> names = {
      "size",        "dim",        "len",           "numel",        "is_floating_point",
      "dtype",       "device",     "layout",        "is_cuda",      "requires_grad",
      "new_zeros",   "new_ones",   "new_full",      "zeros_like",   "ones_like",
      "full_like",   "new_empty",  "is_contiguous", "__contains__", "__is__",
      "__isnot__",   "empty_like", "shape",         "is_nested",    "get_device",
      "__getitem__", "append",     "insert",        "list",         "is_complex"};
  return names.contains(name);
}

/// Whether what comes out is the very tensor that went in, as with dropout in evaluation mode.
bool hands_on(const ExecutedOperator& call) {
  if (call.name().ends_with('_') || call.results().size() != 1) return false;
  const c10::IValue& result = call.results()[0][0];
  return result.isTensor() &&
         std::any_of(
             call.arguments().begin(), call.arguments().end(), [&](const ValuePair& argument) {
               return argument[0].isTensor() && argument[0].toTensor().is_same(result.toTensor());
             });
}

bool has_named_tensor(const OnnxGraph& graph, const ExecutedOperator& call) {
  const auto is_named = [&](const c10::IValue& value) {
    if (!value.isTensorList()) return graph.has_name(value);
    const auto tensors = value.toTensorVector();
    return std::any_of(tensors.begin(), tensors.end(),
                       [&](const torch::Tensor& tensor) { return graph.has_name(tensor); });
  };
  return std::any_of(call.arguments().begin(), call.arguments().end(),
                     [&](const ValuePair& value) { return is_named(value[0]); });
}

/// chunk, split and unbind: the parts of a tensor along one dimension.
bool translate_parts(OnnxGraph& graph, const ExecutedOperator& call) {
  static const std::set<std::string> names = {"chunk",        "split",        "split_with_sizes",
                                              "unsafe_chunk", "unsafe_split", "unbind"};
  const std::string name = plain_name(call.name());
  if (!names.contains(name)) return false;
  const auto first = call.results()[0][0].toTensorVector();
  const auto second = call.results()[0][1].toTensorVector();
  const torch::Tensor& whole = call.argument("self")[0].toTensor();
  const std::int64_t axis = call.dimension("dim", whole.dim());
  if (axis == 0 && !sizes_of(call.argument("self"))[0]) call.refuse("divides the images.");
  const std::string input = graph.name_of(call, "self");
  std::int64_t start = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    std::string part;
    if (name == "unbind") {
      const auto index = graph.constant(torch::tensor(static_cast<std::int64_t>(i)), "index");
      part = graph.add("Gather", {input, index}, {{"axis", axis}});
    } else {
      const std::int64_t end = start + first[i].size(axis);
      part = graph.add(
          "Slice", {input, graph.integers({start}), graph.integers({end}), graph.integers({axis})});
      start = end;
    }
    graph.set_name({first[i], second[i]}, part);
  }
  return true;
}

}  // namespace

void translate(OnnxGraph& graph, const ExecutedOperator& call) {
  const std::string name = plain_name(call.name());
  if (reads_no_values(name) || hands_on(call)) return;
  const bool repeats_constant =
      name == "expand" && sizes_of(call.results().at(0)) != sizes_of(call.argument("self"));
  if (!has_named_tensor(graph, call) && !repeats_constant) return;
  graph.set_layer(call.layer());
  if (translate_parts(graph, call)) return;
  const auto found = all_operators().find(name);
  if (found == all_operators().end() || call.results().size() != 1 ||
      !call.results()[0][0].isTensor()) {
    call.refuse("is none of those that `transfer export` can write as ONNX.");
  }
  graph.set_name(call.results()[0], found->second(graph, call));
}

}  // namespace transfer
