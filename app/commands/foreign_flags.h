#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace transfer {

// Flags under the names that other trainers give them.

/// Gives flags of `arguments` the names that the command has for them, such as `--batch-size` for
/// `--bs`. `parser` is the command's; a flag of its own keeps its name.
void replace_foreign_flags(std::vector<std::string>& arguments, const CLI::App& parser);

/// What to write in place of a flag that the command does not have, as a sentence: "Use --set
/// train.optimizer=VALUE." Empty where nothing is known.
std::string advice_on_flag(const std::string& flag, const CLI::App& parser);

}  // namespace transfer
