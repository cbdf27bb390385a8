#pragma once

#include <string>

#include "core/lack_of_resources.h"

namespace transfer {

/// The cause in an error of LibTorch's: the last line of what it says, without the trace of the
/// program and of C++ around it.
std::string cause_of(const std::string& what);

}  // namespace transfer
