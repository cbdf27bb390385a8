#include "core/folder_entries.h"

#include "core/lack_of_resources.h"

namespace transfer {

std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder,
                                                  std::error_code& error) {
  std::vector<std::filesystem::path> entries;
  error.clear();
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    entries.push_back(entry->path());
  }
  if (error == std::errc::too_many_files_open ||
      error == std::errc::too_many_files_open_in_system) {
    throw too_many_files(folder, error.value());
  }
  return entries;
}

}  // namespace transfer
