#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace transfer {

/// open(2), repeated where a signal interrupts it, as on network file systems. The descriptor is
/// not inherited by other programs; a new file can be written by its owner and group as the umask
/// allows, and never by everyone. Returns −1 with errno.
int open_uninterrupted(const std::filesystem::path& file, int flags);

/// Copies the `size` bytes of an open file from `offset` on, interrupted or not. Returns how many
/// there were: fewer at the end of the file, where errno is 0, or after an error, which is in
/// errno.
std::size_t read_uninterrupted(int descriptor, std::uint64_t offset, void* target,
                               std::size_t size);

/// open_uninterrupted() for regular files only: a symbolic link at `file` is not followed, and a
/// pipe is not waited for. Returns −1 with errno: ELOOP for a link, ENODEV for what is no regular
/// file.
int open_regular_file(const std::filesystem::path& file, int flags);

/// Whether `file` itself, no link to it, is the file that was opened: another may have taken its
/// place.
bool is_still_at(int descriptor, const std::filesystem::path& file);

/// A regular file that is open (see open_regular_file). Closed by the destructor; movable. Reading
/// and writing are safe from several threads.
class OpenFile {
 public:
  /// Throws DataError "FILE: REASON.", and OutputError where too many files are open.
  static OpenFile for_reading(const std::filesystem::path& file);
  /// Messages name the file `reported`. Throws OutputError.
  static OpenFile for_writing(const std::filesystem::path& file,
                              const std::filesystem::path& reported);

  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  /// Throws DataError.
  struct stat facts() const;

  /// Fills `target` with the `size` bytes from `offset` on. Throws DataError "FILE: REASON." where
  /// they cannot be read, or the file ends before them.
  void read(std::uint64_t offset, void* target, std::size_t size) const;
  /// Throws OutputError.
  void write(std::uint64_t offset, const void* bytes, std::size_t size) const;

 private:
  OpenFile(std::filesystem::path path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace transfer
