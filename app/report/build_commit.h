#pragma once

#include <string>

namespace transfer {

/// The Git commit that this program was built from, with `-dirty` where files differed from it when
/// CMake configured the build; `unknown` where the sources were not a Git checkout.
std::string build_commit();

}  // namespace transfer
