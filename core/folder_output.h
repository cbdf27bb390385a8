#pragma once

#include <filesystem>
#include <string>

namespace transfer {

/// Why no folder can be made at `path`, or why the one there cannot be written to, as the system
/// says it ("Not a directory"); empty where nothing is in the way. Changes nothing.
std::string why_no_folder(const std::filesystem::path& path);

/// Whether `path` is `folder` or lies below it, where neither need exist. Symbolic links are
/// followed, also those of parents. False where the system does not let us look.
bool lies_within(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace transfer
