#include "core/folder_entries.h"

namespace transfer {

std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder,
                                                  std::error_code& error) {
  std::vector<std::filesystem::path> entries;
  error.clear();
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    entries.push_back(entry->path());
  }
  return entries;
}

}  // namespace transfer
