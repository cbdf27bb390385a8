#include "models/onnx/executed_operator.h"

#include <fmt/format.h>

#include "core/errors.h"

namespace transfer {

std::vector<Size> sizes_of(const ValuePair& tensor) {
  const auto first = tensor[0].toTensor().sizes();
  const auto second = tensor[1].toTensor().sizes();
  std::vector<Size> sizes;
  for (std::size_t i = 0; i < first.size(); ++i) {
    sizes.push_back(first[i] == second[i] ? Size(first[i]) : std::nullopt);
  }
  return sizes;
}

void ExecutedOperator::refuse(const std::string& reason) const {
  throw ModelError(fmt::format("layer {}: the operator {} {}",
                               layer_.empty() ? "(the network itself)" : layer_, name(), reason));
}

bool ExecutedOperator::has_argument(const std::string& name) const {
  return schema_.argumentIndexWithName(name).has_value();
}

const ValuePair& ExecutedOperator::argument(const std::string& name) const {
  const auto position = schema_.argumentIndexWithName(name);
  if (!position) refuse(fmt::format("has no argument {}, so it cannot be exported.", name));
  return arguments_.at(static_cast<std::size_t>(*position));
}

bool ExecutedOperator::is_given(const std::string& name) const {
  return has_argument(name) && !argument(name)[0].isNone();
}

const c10::IValue& ExecutedOperator::fixed(const std::string& name) const {
  const ValuePair& value = argument(name);
  const bool is_same = value[0].isTensor() ? torch::equal(value[0].toTensor(), value[1].toTensor())
                                           : value[0] == value[1];
  if (!is_same) {
    refuse(
        fmt::format("has an argument {} that depends on the number of images, which cannot be "
                    "exported.",
                    name));
  }
  return value[0];
}

std::int64_t ExecutedOperator::integer(const std::string& name) const {
  return fixed(name).toScalar().toLong();
}

double ExecutedOperator::number(const std::string& name) const {
  return fixed(name).toScalar().toDouble();
}

bool ExecutedOperator::flag(const std::string& name) const { return fixed(name).toBool(); }

std::vector<std::int64_t> ExecutedOperator::integers(const std::string& name, std::size_t count,
                                                     std::int64_t fallback) const {
  const c10::IValue& value = fixed(name);
  std::vector<std::int64_t> integers;
  if (value.isInt()) integers.push_back(value.toInt());
  if (value.isIntList()) integers = value.toIntVector();
  if (integers.empty()) integers.assign(count, fallback);
  if (integers.size() == 1 && count > 1) integers.assign(count, integers.front());
  return integers;
}

std::int64_t ExecutedOperator::dimension(const std::string& name, std::int64_t dimensions) const {
  const std::int64_t given = integer(name);
  return given < 0 ? given + dimensions : given;
}

}  // namespace transfer
