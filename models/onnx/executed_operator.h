#pragma once

// For models/ only: needs the JIT's types.

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <torch/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

/// A value of the network for two numbers of images. A number that differs between them depends on
/// the number of images; everything else of an ONNX graph may be written as it is.
using ValuePair = std::array<c10::IValue, 2>;

/// A size, or nothing where it depends on the number of images.
using Size = std::optional<std::int64_t>;

/// The sizes of a tensor that both values are.
std::vector<Size> sizes_of(const ValuePair& tensor);

/// One operator of the network as it ran.
class ExecutedOperator {
 public:
  /// `layer`: path of the module whose `forward` calls it, for messages.
  ExecutedOperator(const c10::FunctionSchema& schema, std::string layer,
                   std::vector<ValuePair> arguments, std::vector<ValuePair> results)
      : schema_(schema),
        layer_(std::move(layer)),
        arguments_(std::move(arguments)),
        results_(std::move(results)) {}

  /// "aten::conv2d".
  const std::string& name() const { return schema_.name(); }
  const std::string& layer() const { return layer_; }
  const std::vector<ValuePair>& arguments() const { return arguments_; }
  const std::vector<ValuePair>& results() const { return results_; }

  /// An argument by its name in the operator's schema. Throws ModelError where there is none.
  const ValuePair& argument(const std::string& name) const;
  bool has_argument(const std::string& name) const;
  /// Whether an argument is there and not None.
  bool is_given(const std::string& name) const;
  /// Arguments that do not depend on the number of images. Throw ModelError where they do.
  std::int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  bool flag(const std::string& name) const;
  /// One number stands for `count` equal ones, and an empty list for `count` of `fallback`.
  std::vector<std::int64_t> integers(const std::string& name, std::size_t count = 0,
                                     std::int64_t fallback = 0) const;
  /// A dimension, counted from the front of a tensor of `dimensions`.
  std::int64_t dimension(const std::string& name, std::int64_t dimensions) const;

  /// Throws ModelError which names operator and layer: "LAYER: aten::roll REASON".
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  const c10::IValue& fixed(const std::string& name) const;

  const c10::FunctionSchema& schema_;
  std::string layer_;
  std::vector<ValuePair> arguments_;
  std::vector<ValuePair> results_;
};

}  // namespace transfer
