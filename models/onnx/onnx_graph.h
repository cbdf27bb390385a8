#pragma once

// For models/ only: needs the JIT's types.

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/onnx/executed_operator.h"
#include "models/onnx/onnx_model.h"

namespace transfer {

/// Name of the model's input.
inline constexpr const char* kOnnxInput = "images";

/// An ONNX graph in the making: its nodes, its constants, and which tensor of the network each
/// name stands for.
class OnnxGraph {
 public:
  /// Adds a node with one output and returns the output's name.
  std::string add(const std::string& type, std::vector<std::string> inputs,
                  std::vector<OnnxAttribute> attributes = {});
  /// The same with several outputs.
  std::vector<std::string> add_several(const std::string& type, std::vector<std::string> inputs,
                                       std::vector<OnnxAttribute> attributes, std::size_t outputs);

  /// Adds a constant, a copy as float32 or int64, and returns its name.
  std::string constant(const torch::Tensor& values, const std::string& hint = "constant");
  std::string integers(const std::vector<std::int64_t>& values);
  std::string scalar(double value);

  /// Says that a tensor of the network has this name from now on.
  void set_name(const ValuePair& tensor, const std::string& name);
  bool has_name(const c10::IValue& tensor) const;
  /// The name of a tensor; one that does not depend on the image becomes a constant.
  std::string name_of(const ExecutedOperator& call, const ValuePair& value);
  std::string name_of(const ExecutedOperator& call, const std::string& argument) {
    return name_of(call, call.argument(argument));
  }
  /// The name of what the network returns. REQUIRES: has_name().
  const std::string& output_name(const ValuePair& tensor) const;
  /// Reshapes to these sizes, of which one may depend on the number of images.
  std::string reshape(const ExecutedOperator& call, const std::string& input,
                      const std::vector<Size>& sizes);

  /// The number of images as a tensor of one number.
  std::string batch_size();

  /// The layer that the nodes to come belong to; it begins their names.
  void set_layer(const std::string& layer) { layer_ = layer; }

  /// Moves what was added into a model.
  void move_to(OnnxModel& model);

 private:
  std::string unique(const std::string& wish);

  struct NamedTensor {
    /// Keeps the address from being used again.
    c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> tensor;
    std::string name;
  };

  std::vector<OnnxNode> nodes_;
  std::vector<OnnxTensor> constants_;
  std::unordered_map<const c10::TensorImpl*, NamedTensor> names_;
  std::map<std::string, int> uses_;
  std::string layer_;
};

}  // namespace transfer
