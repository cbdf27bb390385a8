#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "core/enum_names.h"

namespace transfer {

/// Refuses a value that is not among `choices`, with the nearest one.
CLI::Validator one_of(const std::vector<std::string>& choices);

/// Adds a flag, or with a name without dashes an argument, that takes one of the enum's names and
/// sets `value`, which must outlive the parsing.
template <NamedEnum Enum>
CLI::Option* add_choice(CLI::App& parser, const std::string& name, Enum& value,
                        const std::string& help) {
  const auto set = [&value](const std::string& text) {
    value = parse_name<Enum>(text).value_or(value);  // the check below admits names only
  };
  return parser.add_option_function<std::string>(name, set, help)
      ->type_name("NAME")
      ->check(one_of(all_names<Enum>()));
}

/// Refuses anything but a whole number from `smallest` to `largest`. What passes is handed on
/// without leading zeros, which CLI11 would take for an octal number.
CLI::Validator whole_number(std::int64_t smallest, std::int64_t largest);

/// Throws ConfigError for a setting KEY=VALUE that says nothing about how a network's images are
/// prepared, which is all that `command` takes.
void require_input_settings(const std::string& command, const std::vector<std::string>& settings);

}  // namespace transfer
