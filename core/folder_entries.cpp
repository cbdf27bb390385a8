#include "core/folder_entries.h"

#include "core/lack_of_resources.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// The entries for which `is_wanted` holds.
template <typename Wanted>
std::vector<fs::path> entries_that(const fs::path& folder, std::error_code& error,
                                   const Wanted& is_wanted) {
  std::vector<fs::path> entries;
  error.clear();
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (is_wanted(*entry)) entries.push_back(entry->path());
  }
  if (error == std::errc::too_many_files_open ||
      error == std::errc::too_many_files_open_in_system) {
    throw too_many_files(folder, error.value());
  }
  return entries;
}

}  // namespace

std::vector<fs::path> folder_entries(const fs::path& folder, std::error_code& error) {
  return entries_that(folder, error, [](const fs::directory_entry&) { return true; });
}

std::vector<fs::path> subfolders(const fs::path& folder, std::error_code& error) {
  return entries_that(folder, error, [](const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.symlink_status(ignored).type() == fs::file_type::directory;
  });
}

}  // namespace transfer
