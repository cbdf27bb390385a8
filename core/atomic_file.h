#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace transfer {

/// A file that appears under its final name complete or not at all. It is written under a unique
/// temporary name in the same folder; `commit` flushes it to disk and renames it. Without `commit`
/// the destructor removes the temporary file.
///
/// Example:
///   AtomicFile file("runs/a/model.pt");
///   save_to(file.temporary_path());
///   file.commit();
class AtomicFile {
 public:
  /// Throws OutputError when the folder of `path` does not exist or cannot be written.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& temporary_path() const { return temporary_; }

  /// Flushes and renames. Throws OutputError naming the final path and the system's reason.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

/// Writes `contents` to `path` through an AtomicFile. Throws OutputError.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

/// Whether `path` has the name of an AtomicFile's temporary file, which a killed process leaves.
bool is_temporary_file(const std::filesystem::path& path);

/// Removes the temporary files of a folder. REQUIRES: no process writes files in it now.
void remove_temporary_files(const std::filesystem::path& folder);

/// The whole file as bytes. Throws DataError when it cannot be read or is not a regular file.
std::string read_file(const std::filesystem::path& path);

}  // namespace transfer
