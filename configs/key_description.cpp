#include "configs/key_description.h"

namespace transfer {
namespace {

/// The field's own example, or some value other than the default.
std::string example_of(const Field& field) {
  if (!field.example.empty()) return field.example;
  for (const std::string& choice : choices_of(field)) {
    if (choice != field_text(field)) return choice;
  }
  return field_text(field);
}

}  // namespace

std::vector<KeyDescription> describe_config_keys() {
  Config defaults;
  std::vector<KeyDescription> keys;
  for (const Field& field : fields_of(defaults)) {
    keys.push_back({.key = field.key,
                    .value = expected_value(field),
                    .choices = choices_of(field),
                    .unit = field.unit,
                    .default_value = field_text(field),
                    .description = field.description,
                    .example = example_of(field),
                    .used_by = field.used_by});
  }
  return keys;
}

}  // namespace transfer
