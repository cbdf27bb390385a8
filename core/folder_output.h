#pragma once

#include <filesystem>
#include <string>

namespace transfer {

/// Why no folder can be made at `path`, or why the one there cannot be written to, as the system
/// says it ("Not a directory"); empty where nothing is in the way. Changes nothing.
std::string why_no_folder(const std::filesystem::path& path);

}  // namespace transfer
