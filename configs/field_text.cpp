// The values of fields as text.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include "configs/fields.h"
#include "core/duration.h"

namespace transfer {
namespace {

struct FieldValue {
  std::string operator()(const ChoiceTarget& target) const { return target.text(); }
  std::string operator()(const std::string* value) const {
    YAML::Emitter emitter;
    if (value->empty()) return "\"\"";
    emitter << *value;
    return emitter.c_str();
  }
  std::string operator()(const std::int64_t* value) const { return fmt::format("{}", *value); }
  std::string operator()(const double* value) const { return fmt::format("{}", *value); }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::optional<std::int64_t>* value) const {
    return *value ? fmt::format("{}", **value) : "auto";
  }
  std::string operator()(const std::optional<double>* value) const {
    return *value ? fmt::format("{}", **value) : "auto";
  }
  std::string operator()(const Range* value) const {
    return fmt::format("[{}, {}]", (*value)[0], (*value)[1]);
  }
  std::string operator()(const std::optional<Range>* value) const {
    return *value ? (*this)(&**value) : "auto";
  }
  std::string operator()(const std::vector<std::string>* value) const {
    YAML::Emitter emitter;
    emitter << YAML::Flow << *value;
    return emitter.c_str();
  }
  std::string operator()(const std::vector<std::int64_t>* value) const {
    return fmt::format("[{}]", fmt::join(*value, ", "));
  }
  std::string operator()(const std::vector<double>* value) const {
    return fmt::format("[{}]", fmt::join(*value, ", "));
  }
  std::string operator()(const ImageSize* value) const {
    return value->height == value->width ? fmt::format("{}", value->height)
                                         : fmt::format("[{}, {}]", value->height, value->width);
  }
  std::string operator()(const Duration* value) const { return duration_setting(value->seconds); }
};

/// Large limits with all their digits: 1000000, not 1e+06.
std::string number_text(double number) {
  return number >= 1e5 ? fmt::format("{:.0f}", number) : fmt::format("{}", number);
}

/// What a value of each type looks like.
struct ExpectedValue {
  const Field& field;

  std::string limits() const {
    return fmt::format(" from {} to {}", number_text(field.limits.minimum),
                       number_text(field.limits.maximum));
  }
  std::string operator()(std::string*) const { return "a text"; }
  std::string operator()(std::int64_t*) const { return "a whole number" + limits(); }
  std::string operator()(double*) const { return "a number" + limits(); }
  std::string operator()(bool*) const { return "true or false"; }
  std::string operator()(std::optional<std::int64_t>*) const {
    return "auto or a whole number" + limits();
  }
  std::string operator()(std::optional<double>*) const { return "auto or a number" + limits(); }
  std::string operator()(Range*) const {
    return "two numbers [smallest, largest], each" + limits();
  }
  std::string operator()(std::optional<Range>*) const {
    return "auto or two numbers [smallest, largest], each" + limits();
  }
  std::string operator()(std::vector<std::string>*) const { return "a list of texts"; }
  std::string operator()(std::vector<std::int64_t>*) const {
    return "a list such as [512, 256] of whole numbers, each" + limits();
  }
  std::string operator()(std::vector<double>*) const {
    return "a number or a list of numbers, each" + limits();
  }
  std::string operator()(ImageSize*) const {
    return "0, a whole number or [height, width], each" + limits();
  }
  std::string operator()(Duration*) const { return "a time such as 90s, 30m, 2h or 1h30m"; }
  std::string operator()(const ChoiceTarget& target) const {
    return fmt::format("one of {}", fmt::join(target.names(), ", "));
  }
};

}  // namespace

std::string field_text(const Field& field) { return std::visit(FieldValue{}, field.target); }

std::vector<std::string> choices_of(const Field& field) {
  const auto* const choice = std::get_if<ChoiceTarget>(&field.target);
  return choice != nullptr ? choice->names() : std::vector<std::string>();
}

std::string expected_value(const Field& field) {
  return std::visit(ExpectedValue{field}, field.target);
}

}  // namespace transfer
