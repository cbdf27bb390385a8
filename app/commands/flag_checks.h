#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace transfer {

/// Refuses a value that is not among `choices`, with the nearest one.
CLI::Validator one_of(const std::vector<std::string>& choices);

/// Refuses anything but a whole number from `smallest` to `largest`. What passes is handed on
/// without leading zeros, which CLI11 would take for an octal number.
CLI::Validator whole_number(std::int64_t smallest, std::int64_t largest);

}  // namespace transfer
