#pragma once

#include <string>

namespace transfer {

/// Text as one word of a POSIX shell, whatever it holds: in single quotes where the shell would see
/// anything but a plain word.
std::string shell_word(const std::string& text);

}  // namespace transfer
