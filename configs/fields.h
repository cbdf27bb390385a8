#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "configs/config.h"

namespace YAML {
class Node;
}

namespace transfer {

/// One key of the configuration: its name, the struct member it sets, and what is allowed.
struct Field {
  using Target = std::variant<std::string*, std::int64_t*, double*, bool*,
                              std::optional<std::int64_t>*, std::optional<double>*, Range*,
                              std::vector<std::string>*, std::vector<std::int64_t>*>;
  std::string key;
  Target target;
  /// Smallest and largest number allowed (both ends of a range, every number of a list).
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  /// Allowed texts; empty allows any.
  std::vector<std::string> choices = {};
};

/// Every key there is, pointing into `config`, which must outlive the fields.
std::vector<Field> fields_of(Config& config);

/// Sets the field from a YAML value. `where` names the place for messages ("run.yaml:7",
/// "--set"). Throws ConfigError for a wrong type, a number out of range or an unknown choice.
void set_field(const Field& field, const YAML::Node& value, const std::string& where);

/// The field's value as YAML text.
std::string field_text(const Field& field);

/// The augmentation preset of that name: `none`, `light`, `standard` or `strong`. Throws
/// ConfigError for another name.
AugmentConfig augment_preset(const std::string& name);

}  // namespace transfer
