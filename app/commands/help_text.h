#pragma once

#include <string>

namespace transfer {

/// What `transfer --help` ends with: examples of the commands, and all exit codes.
std::string examples_and_exit_codes();

}  // namespace transfer
