#include "models/onnx/onnx_graph.h"

#include <fmt/format.h>

namespace transfer {

std::string OnnxGraph::unique(const std::string& wish) {
  const int uses = uses_[wish]++;
  return uses == 0 ? wish : fmt::format("{}_{}", wish, uses);
}

std::vector<std::string> OnnxGraph::add_several(const std::string& type,
                                                std::vector<std::string> inputs,
                                                std::vector<OnnxAttribute> attributes,
                                                std::size_t outputs) {
  OnnxNode node;
  node.type = type;
  node.name = unique(layer_.empty() ? type : layer_ + "/" + type);
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  for (std::size_t i = 0; i < outputs; ++i) {
    node.outputs.push_back(fmt::format("{}:{}", node.name, i));
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

std::string OnnxGraph::add(const std::string& type, std::vector<std::string> inputs,
                           std::vector<OnnxAttribute> attributes) {
  return add_several(type, std::move(inputs), std::move(attributes), 1).front();
}

std::string OnnxGraph::constant(const torch::Tensor& values, const std::string& hint) {
  const auto type = c10::isIntegralType(values.scalar_type(), /*includeBool=*/false)
                        ? torch::kLong
                        : torch::kFloat;
  const std::string name = unique(layer_.empty() ? hint : layer_ + "." + hint);
  constants_.push_back(
      {name, values.detach().to(torch::kCPU, type, false, /*copy=*/true).contiguous()});
  return name;
}

std::string OnnxGraph::integers(const std::vector<std::int64_t>& values) {
  return constant(torch::tensor(values, torch::kLong), "integers");
}

std::string OnnxGraph::scalar(double value) {
  return constant(torch::tensor(value, torch::kFloat), "number");
}

void OnnxGraph::set_name(const ValuePair& tensor, const std::string& name) {
  const torch::Tensor& first = tensor[0].toTensor();
  names_.insert_or_assign(
      first.unsafeGetTensorImpl(),
      NamedTensor{c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>(
                      first.getIntrusivePtr()),
                  name});
}

bool OnnxGraph::has_name(const c10::IValue& tensor) const {
  return tensor.isTensor() && names_.contains(tensor.toTensor().unsafeGetTensorImpl());
}

std::string OnnxGraph::name_of(const ExecutedOperator& call, const ValuePair& value) {
  if (value[0].isScalar()) return scalar(value[0].toScalar().toDouble());
  const torch::Tensor& tensor = value[0].toTensor();
  const auto found = names_.find(tensor.unsafeGetTensorImpl());
  if (found != names_.end()) return found->second.name;
  if (!torch::equal(tensor, value[1].toTensor())) {
    call.refuse("reads a tensor that depends on the number of images but not on the images.");
  }
  return constant(tensor);
}

const std::string& OnnxGraph::output_name(const ValuePair& tensor) const {
  return names_.at(tensor[0].toTensor().unsafeGetTensorImpl()).name;
}

std::string OnnxGraph::reshape(const ExecutedOperator& call, const std::string& input,
                               const std::vector<Size>& sizes) {
  std::vector<std::int64_t> target;
  int unknown = 0;
  for (const Size& size : sizes) {
    target.push_back(size.value_or(-1));
    if (!size) ++unknown;
  }
  if (unknown > 1) call.refuse("makes two dimensions that depend on the number of images.");
  return add("Reshape", {input, integers(target)});
}

std::string OnnxGraph::batch_size() {
  const std::string shape = add("Shape", {kOnnxInput});
  return add("Gather", {shape, integers({0})}, {{"axis", std::int64_t{0}}});
}

void OnnxGraph::move_to(OnnxModel& model) {
  model.nodes = std::move(nodes_);
  model.constants = std::move(constants_);
}

}  // namespace transfer
