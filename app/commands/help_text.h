#pragma once

#include <string>

namespace CLI {
class App;
}

namespace transfer {

/// What `transfer --help` ends with: examples of the commands, and all exit codes.
std::string examples_and_exit_codes();

/// What `transfer --help` prints: the commands, and the flags of the default one.
std::string help_of_program(const CLI::App& app);

}  // namespace transfer
