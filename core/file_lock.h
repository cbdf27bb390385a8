#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace transfer {

/// A lock between processes (flock) on a file. It is released when the owning process exits, even
/// by SIGKILL. Releasing it removes the file; only a killed process leaves its file behind. Where
/// the file system has no such locks, everyone gets the lock. Copies share it; the last one
/// releases it.
class FileLock {
 public:
  /// Empty while another process holds it. Throws OutputError where a symbolic link or anything
  /// else but a regular file is in its place.
  static std::optional<FileLock> try_take(const std::filesystem::path& file);

  /// The same after waiting for at most `seconds`. Throws OutputError with the message `held` when
  /// another process holds it all that time, and Interrupted.
  static FileLock take(const std::filesystem::path& file, double seconds, const std::string& held);

  /// Whether a process holds the lock now. Changes nothing, makes no file, and keeps only those out
  /// who try to take the lock in that moment without waiting. False where it cannot be known.
  static bool is_held(const std::filesystem::path& file);

  /// Releases the lock before the last copy does.
  void give_back() const;

 private:
  class Descriptor;
  explicit FileLock(std::shared_ptr<Descriptor> descriptor) : descriptor_(std::move(descriptor)) {}

  std::shared_ptr<Descriptor> descriptor_;
};

/// Many locks in one file, each with a number: an open-file-description lock on the byte of that
/// number, released when the owning process exits. Where the file system has no such locks,
/// everyone gets them.
class NumberedLocks {
 public:
  /// Makes `file` where it is missing. Throws OutputError when it cannot be opened, is no regular
  /// file or is not to be relied on (see core/file_trust.h).
  explicit NumberedLocks(std::filesystem::path file);
  ~NumberedLocks();
  NumberedLocks(const NumberedLocks&) = delete;
  NumberedLocks& operator=(const NumberedLocks&) = delete;

  /// Takes the locks [first, first + count); false while another process holds one of them.
  bool try_take(std::int64_t first, std::int64_t count = 1);
  void give_back(std::int64_t first, std::int64_t count = 1);

  /// Whether all locks taken so far keep others out, which is not so on every file system.
  bool excludes_others() const { return excludes_others_; }

  /// Opens the file anew if it was removed or replaced since. REQUIRES: none of the locks is held.
  /// Throws like the constructor.
  void follow_file();

  /// Makes now the date at which the file was last changed.
  void touch() const;

 private:
  void open();

  std::filesystem::path file_;
  int descriptor_ = -1;
  bool excludes_others_ = true;
};

}  // namespace transfer
