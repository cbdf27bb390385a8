#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace transfer {

/// Throws ConfigError for a flag that would take the next flag as its value, or has none, and where
/// two names of one flag, such as --bs and --batch-size, come with different values. `arguments`
/// have the flags' names, `written` are the same as the user wrote them; `parser` is the command's.
void check_flag_values(const std::vector<std::string>& written,
                       const std::vector<std::string>& arguments, const CLI::App& parser);

}  // namespace transfer
