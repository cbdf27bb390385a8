#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace transfer {

/// What is at a path. `kNothing` also where the system does not let us look: see why_absent().
enum class FileKind { kNothing, kRegularFile, kFolder, kOther };

/// What is at `path`, symbolic links followed. Unlike std::filesystem::exists, these three never
/// throw, whatever a user typed.
FileKind file_kind(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);

/// The folder that a file lies in: "." for a bare name.
std::filesystem::path folder_of(const std::filesystem::path& path);

/// Why there is nothing at `path`, for a message behind "PATH: ": "no such WANTED", or what the
/// system says ("cannot be reached: Permission denied").
std::string why_absent(const std::filesystem::path& path, std::string_view wanted);

/// Throws OutputError unless `file` can be written: it names a file, and what is there already, if
/// anything, is a regular file or a link to one. A device or a pipe would be replaced by a file.
void require_file_output(const std::filesystem::path& file);

}  // namespace transfer
