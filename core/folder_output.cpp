#include "core/folder_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/file_kind.h"

namespace transfer {

std::string why_no_folder(const std::filesystem::path& path) {
  std::filesystem::path existing = std::filesystem::absolute(path);
  while (file_kind(existing) == FileKind::kNothing && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (!is_folder(existing)) return std::strerror(ENOTDIR);
  return ::access(existing.c_str(), W_OK | X_OK) == 0 ? "" : std::strerror(errno);
}

}  // namespace transfer
