#include "models/weight_types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/ir/constants.h>

#include <map>
#include <optional>
#include <set>

#include "core/errors.h"
#include "models/graph_calls.h"
#include "models/layer_use.h"
#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Node;
using torch::jit::Value;

namespace {

using Types = std::set<at::ScalarType>;

bool is_other_float(const torch::Tensor& tensor) {
  return tensor.defined() && tensor.is_floating_point() && tensor.scalar_type() != torch::kFloat;
}

/// Shared weights stay shared. Returns the types that were converted.
template <typename NamedTensors>
void convert_tensors(const NamedTensors& tensors, Types& types) {
  for (const auto& entry : tensors) {
    torch::Tensor tensor = entry.value;
    if (!is_other_float(tensor)) continue;
    types.insert(tensor.scalar_type());
    tensor.set_data(tensor.detach().to(torch::kFloat));
  }
}

/// A constant that names one of the types becomes float32 for this use of it.
void convert_cast(Node* node, const Types& types, Graph& graph, Types& converted) {
  const std::int64_t position = argument_position(node, "dtype");
  if (position < 0) return;
  const auto index = static_cast<std::size_t>(position);
  const auto given = torch::jit::toIValue(node->input(index));
  if (!given || !given->isInt()) return;
  const auto type = static_cast<at::ScalarType>(given->toInt());
  if (!types.contains(type)) return;
  converted.insert(type);
  const torch::jit::WithInsertPoint before(node);
  node->replaceInput(index, graph.insertConstant(static_cast<std::int64_t>(at::kFloat)));
}

void convert_constant(Node* node) {
  if (node->kind() != c10::prim::Constant || !node->hasAttribute(c10::attr::value)) return;
  if (node->kindOf(c10::attr::value) != torch::jit::AttributeKind::t) return;
  const auto tensor = node->t(c10::attr::value);
  if (!is_other_float(tensor)) return;
  node->t_(c10::attr::value, tensor.to(torch::kFloat));
  node->output()->setType(c10::TensorType::get());
}

std::string name_of_type(at::ScalarType type) {
  switch (type) {
    case at::kHalf: return "float16";
    case at::kBFloat16: return "bfloat16";
    case at::kDouble: return "float64";
    default: return c10::toString(type);  // LibTorch has dozens of types
  }
}

/// The arguments of a layer's operator that are weights.
std::vector<const Value*> weights_of(const Node* node) {
  static const std::set<std::string> others = {
      "aten::batch_norm", "aten::instance_norm", "aten::layer_norm", "aten::group_norm",
      "aten::embedding",  "aten::addmm",         "aten::matmul",     "aten::mm",
      "aten::prelu"};
  std::vector<const Value*> weights;
  const std::string kind = node->kind().toQualString();
  if (!is_linear_or_convolution(node) && !others.contains(kind)) return weights;
  const bool is_product = kind == "aten::addmm" || kind == "aten::matmul" || kind == "aten::mm";
  for (std::size_t i = 0; i < node->inputs().size(); ++i) {
    const auto* schema = node->maybeSchema();
    const std::string argument = schema == nullptr ? "" : schema->arguments()[i].name();
    const Value* value = node->input(i);
    const bool is_transposed = value->node()->kind() == c10::aten::t;
    if (is_product && is_transposed) weights.push_back(value->node()->input(0));
    if (is_product && !is_transposed) weights.push_back(value);
    if (!is_product && (argument == "weight" || argument == "bias")) weights.push_back(value);
  }
  return weights;
}

/// Paths of the values from `self` that layers of `forward` read as weights.
std::set<std::string> weight_paths(const Module& module) {
  const auto graph = module.get_method("forward").graph()->copy();
  inline_all_calls(*graph);
  std::set<std::string> paths;
  for_each_node(graph->block(), [&](Node* node) {
    for (const Value* weight : weights_of(node)) {
      const auto path = path_from_self(weight, *graph);
      if (path && !path->empty()) paths.insert(*path);
    }
  });
  return paths;
}

/// Makes an attribute a parameter in all objects of a class: it gets a new place at their end.
void make_parameter(const c10::ClassTypePtr& type, const std::vector<Module>& objects,
                    const std::string& name) {
  std::vector<c10::IValue> values;
  for (const Module& object : objects) {
    values.push_back(object.attr(name));
    object._ivalue()->unsafeRemoveAttr(name);
  }
  type->unsafeRemoveAttribute(name);
  type->addAttribute(name, c10::TensorType::get(), /*is_parameter=*/true);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    values[i].toTensor().set_requires_grad(true);
    objects[i]._ivalue()->setAttr(name, values[i]);
  }
}

}  // namespace

std::string convert_to_float32(Module& module) {
  Types of_weights;
  {
    const torch::NoGradGuard no_gradients;
    convert_tensors(module.named_parameters(), of_weights);
    convert_tensors(module.named_buffers(), of_weights);
  }
  // Traced autocast casts float32 weights in the program.
  Types lower = of_weights;
  lower.insert({at::kHalf, at::kBFloat16});
  Types of_casts;
  for_each_graph(module, [&](Graph& graph) {
    for_each_node(graph.block(), [&](Node* node) {
      if (!of_weights.empty()) convert_constant(node);
      convert_cast(node, lower, graph, of_casts);
    });
  });
  if (of_weights.empty() && of_casts.empty()) return "";
  std::vector<std::string> names;
  for (const auto type : of_weights.empty() ? of_casts : of_weights) {
    names.push_back(name_of_type(type));
  }
  return fmt::format("its {} {} float32, in which it computes from now on",
                     fmt::join(names, " and "),
                     of_weights.empty() ? "parts are computed as" : "weights are used as");
}

std::string make_buffers_parameters(Module& module) {
  const auto read = weight_paths(module);
  std::map<c10::ClassTypePtr, std::set<std::string>> names;
  std::map<c10::ClassTypePtr, std::vector<Module>> objects;
  std::set<const void*> seen;
  std::int64_t changed = 0;
  for (const auto& owner : module.named_modules()) {
    const auto type = owner.value.type();
    if (seen.insert(owner.value._ivalue().get()).second) objects[type].push_back(owner.value);
    const std::string prefix = owner.name.empty() ? "" : owner.name + ".";
    for (const auto& buffer : owner.value.named_buffers(/*recurse=*/false)) {
      if (!read.contains(prefix + buffer.name) || !buffer.value.is_floating_point()) continue;
      changed += names[type].insert(buffer.name).second ? 1 : 0;
    }
  }
  for (const auto& [type, attributes] : names) {
    for (const auto& name : attributes) make_parameter(type, objects.at(type), name);
  }
  if (changed == 0) return "";
  return "weights that it holds as buffers, which training would never move, are parameters now";
}

void refuse_integer_weights(const Module& module, const std::string& file) {
  for (const auto& buffer : module.named_buffers()) {
    const auto type = buffer.value.scalar_type();
    const bool is_byte = type == at::kChar || type == at::kByte || buffer.value.is_quantized();
    if (!is_byte || buffer.value.dim() < 2) continue;
    throw ModelError(fmt::format(
        "{}: '{}' holds weights as {} integers, which cannot be trained. Take --strategy "
        "freeze-conv, or export the float network from which it was made.",
        file, buffer.name, c10::toString(type)));
  }
}

}  // namespace transfer
