#include "core/file_kind.h"

#include <fmt/format.h>

#include <system_error>

#include "core/errors.h"

namespace transfer {

namespace fs = std::filesystem;

FileKind file_kind(const fs::path& path) {
  std::error_code ignored;
  switch (fs::status(path, ignored).type()) {
    case fs::file_type::regular: return FileKind::kRegularFile;
    case fs::file_type::directory: return FileKind::kFolder;
    case fs::file_type::none:
    case fs::file_type::not_found: return FileKind::kNothing;
    default: return FileKind::kOther;
  }
}

bool is_folder(const fs::path& path) { return file_kind(path) == FileKind::kFolder; }

bool is_file(const fs::path& path) { return file_kind(path) == FileKind::kRegularFile; }

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string why_absent(const fs::path& path, std::string_view wanted) {
  std::error_code error;
  const auto type = fs::status(path, error).type();
  if (type == fs::file_type::not_found || !error) return fmt::format("no such {}", wanted);
  return fmt::format("cannot be reached: {}", error.message());
}

void require_file_output(const std::filesystem::path& file) {
  const FileKind kind = file_kind(file);
  if (kind == FileKind::kFolder || !file.has_filename()) {
    throw OutputError(fmt::format("--output {}: is a folder. Give a file.", file.string()));
  }
  if (kind == FileKind::kOther) {
    throw OutputError(fmt::format(
        "--output {}: is a device, a pipe or a socket, not a file. Leave out --output to print.",
        file.string()));
  }
}

}  // namespace transfer
