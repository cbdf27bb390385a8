#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
class Formatter;
class Option;
}  // namespace CLI

namespace transfer {

/// Writes the help of a command: `Usage: transfer train …`, each flag with the type of its value
/// and its default, in lines of less than 100 characters.
std::shared_ptr<CLI::Formatter> help_formatter();

/// The help of a command that was named on the command line, or of the program.
std::string help_of(const CLI::App& command);

/// Adds to the footers of the command and of those below it their examples.
void add_examples(CLI::App& command);

/// What `transfer` alone prints: what to type first.
std::string first_steps();

/// What `transfer --help` ends with: where to find what, and all exit codes.
std::string footer_of_program();

/// What stands for an option's value, such as `FILE`; empty for a flag without one.
std::string value_placeholder(const CLI::Option& option);

}  // namespace transfer
