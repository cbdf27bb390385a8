#include "configs/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "configs/field_table.h"
#include "core/duration.h"
#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/split_text.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

std::string shown(const YAML::Node& value) {
  if (value.IsScalar()) return "'" + value.Scalar() + "'";
  if (value.IsSequence()) return "a list";
  return value.IsMap() ? "a group of keys" : "nothing";
}

[[noreturn]] void refuse(const Field& field, const YAML::Node& value, const std::string& where) {
  std::string hint;
  const auto choices = choices_of(field);
  if (!choices.empty() && value.IsScalar()) {
    const std::string nearest = nearest_name(value.Scalar(), choices);
    if (!nearest.empty()) hint = fmt::format("; did you mean '{}'?", nearest);
  }
  throw ConfigError(fmt::format("{}: {}: found {}, expected {}{}", where, field.key, shown(value),
                                expected_value(field), hint));
}

/// Writes a YAML value into the member a field points to; false when it does not fit.
struct Assign {
  const Field& field;
  const YAML::Node& value;

  bool in_limits(double number) const {
    return number >= field.limits.minimum && number <= field.limits.maximum;
  }
  bool operator()(std::string* target) const {
    if (!value.IsScalar()) return false;
    *target = value.Scalar();
    return true;
  }
  bool operator()(const ChoiceTarget& target) const {
    const auto& names = target.names();
    const bool is_known =
        value.IsScalar() && std::find(names.begin(), names.end(), value.Scalar()) != names.end();
    if (is_known) target.assign(value.Scalar());
    return is_known;
  }
  bool operator()(std::int64_t* target) const {
    const auto number = value.IsScalar() ? parse_whole_number(value.Scalar()) : std::nullopt;
    if (!number || !in_limits(static_cast<double>(*number))) return false;
    *target = *number;
    return true;
  }
  bool operator()(double* target) const {
    return value.IsScalar() && YAML::convert<double>::decode(value, *target) && in_limits(*target);
  }
  bool operator()(bool* target) const {
    return value.IsScalar() && YAML::convert<bool>::decode(value, *target);
  }
  bool operator()(std::optional<std::int64_t>* target) const { return assign_or_auto(target); }
  bool operator()(std::optional<double>* target) const { return assign_or_auto(target); }
  template <typename Number>
  bool assign_or_auto(std::optional<Number>* target) const {
    if (value.IsScalar() && value.Scalar() == "auto") {
      target->reset();
      return true;
    }
    Number number = 0;
    if (!(*this)(&number)) return false;
    *target = number;
    return true;
  }
  bool operator()(Range* target) const {
    if (!value.IsSequence() || value.size() != 2) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      if (!value[i].IsScalar() || !YAML::convert<double>::decode(value[i], (*target)[i]) ||
          !in_limits((*target)[i])) {
        return false;
      }
    }
    return (*target)[0] <= (*target)[1];
  }
  /// A range of no width makes no sense where `auto` does.
  bool operator()(std::optional<Range>* target) const {
    if (value.IsScalar() && value.Scalar() == "auto") {
      target->reset();
      return true;
    }
    Range range;
    if (!(*this)(&range) || range[0] == range[1]) return false;
    *target = range;
    return true;
  }
  /// A single text is a list of one.
  bool operator()(std::vector<std::string>* target) const {
    target->clear();
    if (value.IsScalar() && !value.Scalar().empty()) target->push_back(value.Scalar());
    if (value.IsScalar()) return true;
    if (!value.IsSequence()) return false;
    for (const auto& entry : value) {
      if (!entry.IsScalar()) return false;
      target->push_back(entry.Scalar());
    }
    return true;
  }
  bool operator()(std::vector<std::int64_t>* target) const {
    if (!value.IsSequence()) return false;
    target->assign(value.size(), 0);
    for (std::size_t i = 0; i < target->size(); ++i) {
      const auto number =
          value[i].IsScalar() ? parse_whole_number(value[i].Scalar()) : std::nullopt;
      if (!number || !in_limits(static_cast<double>(*number))) return false;
      (*target)[i] = *number;
    }
    return true;
  }
  /// A single number is a list of one.
  bool operator()(std::vector<double>* target) const {
    if (!value.IsScalar() && !value.IsSequence()) return false;
    std::vector<double> numbers(value.IsScalar() ? 1 : value.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const YAML::Node entry = value.IsScalar() ? value : value[i];
      if (!entry.IsScalar() || !YAML::convert<double>::decode(entry, numbers[i]) ||
          !in_limits(numbers[i])) {
        return false;
      }
    }
    *target = std::move(numbers);
    return true;
  }
  /// `0`, `160`, `160x320` or `[160, 320]`, height first.
  bool operator()(ImageSize* target) const {
    std::vector<std::string> sides;
    if (value.IsScalar()) {
      for (const auto side : split_text(value.Scalar(), 'x')) sides.emplace_back(side);
    } else if (value.IsSequence()) {
      for (const auto& entry : value) sides.push_back(entry.IsScalar() ? entry.Scalar() : "");
    }
    if (sides.size() == 1 && sides.front() == "0") {
      *target = {};
      return true;
    }
    if (sides.size() == 1 && value.IsScalar()) sides.push_back(sides.front());
    if (sides.size() != 2) return false;
    const auto height = parse_whole_number(sides[0]);
    const auto width = parse_whole_number(sides[1]);
    if (!height || !width || !in_limits(static_cast<double>(*height)) ||
        !in_limits(static_cast<double>(*width))) {
      return false;
    }
    *target = {*height, *width};
    return true;
  }
  bool operator()(Duration* target) const {
    const auto seconds = value.IsScalar() ? parse_duration(value.Scalar()) : std::nullopt;
    if (!seconds || !in_limits(*seconds)) return false;
    target->seconds = *seconds;
    return true;
  }
};

struct CopyFrom {
  const Field& source;

  void operator()(const ChoiceTarget& target) const {
    target.assign(std::get<ChoiceTarget>(source.target).text());
  }
  template <typename Member>
  void operator()(Member* target) const {
    *target = *std::get<Member*>(source.target);
  }
};

}  // namespace

std::vector<Field> fields_of(Config& config) {
  std::vector<Field> fields;
  add_general_fields(fields, config);
  add_data_fields(fields, config.data);
  add_input_fields(fields, config.input);
  add_head_fields(fields, config.head);
  add_augment_fields(fields, config.augment);
  add_rate_fields(fields, config.train);
  add_step_fields(fields, config.train);
  add_probability_fields(fields, config.train);
  add_teacher_fields(fields, config.train);
  add_cache_fields(fields, config.cache);
  add_compute_fields(fields, config.compute);
  add_report_fields(fields, config.report);
  return fields;
}

const Field& field_of(const std::vector<Field>& fields, const std::string& key) {
  return *std::find_if(fields.begin(), fields.end(),
                       [&key](const Field& field) { return field.key == key; });
}

void set_field(const Field& field, const YAML::Node& value, const std::string& where) {
  if (!std::visit(Assign{field, value}, field.target)) refuse(field, value, where);
}

void copy_settings(const Config& from, Config& to,
                   const std::function<bool(const Field&)>& is_wanted) {
  Config source = from;
  const auto sources = fields_of(source);
  const auto targets = fields_of(to);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (is_wanted(sources[i])) std::visit(CopyFrom{sources[i]}, targets[i].target);
  }
}

}  // namespace transfer
