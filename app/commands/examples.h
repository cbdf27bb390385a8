#pragma once

#include <string>

namespace transfer {

/// What the help of a command ends with: three to six commands to copy. `command` is its path, such
/// as `cache ls`; empty where there are none.
std::string examples_of(const std::string& command);

}  // namespace transfer
