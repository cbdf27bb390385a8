#include "core/folder_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

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

bool lies_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::error_code error;
  const auto whole = [&error](const std::filesystem::path& given) {
    return (std::filesystem::weakly_canonical(std::filesystem::absolute(given), error) / "")
        .string();
  };
  const bool lies = whole(path).starts_with(whole(folder));
  return lies && !error;
}

}  // namespace transfer
