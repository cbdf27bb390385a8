#pragma once

#include <filesystem>
#include <system_error>
#include <vector>

namespace transfer {

/// The paths of what lies in a folder, in no order. Unlike a loop over a directory_iterator, whose
/// increment throws, this never throws for a folder that cannot be read to its end: `error` gives
/// the reason, and the entries are those before it.
std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder,
                                                  std::error_code& error);

/// The folders among them, without symbolic links.
std::vector<std::filesystem::path> subfolders(const std::filesystem::path& folder,
                                              std::error_code& error);

}  // namespace transfer
