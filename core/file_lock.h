#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace transfer {

/// A lock (flock) on a file or a folder that another process may want too. It goes with the process
/// that holds it, however that ends. Where the file system has no such locks, everybody gets one.
/// Copies share the lock; the last one gives it back.
class FileLock {
 public:
  /// The lock on `path`, a folder or a file, which is made where it is missing; nothing while
  /// another process holds it.
  static std::optional<FileLock> try_take(const std::filesystem::path& path) {
    return try_take(path, AfterUse::kKeep);
  }

  /// A lock on a file that is there only while it is held, but after a crash. It is waited for so
  /// long. Throws OutputError with the message `held` when it is held all the time, and
  /// Interrupted.
  static FileLock take_temporary(const std::filesystem::path& path, double seconds,
                                 const std::string& held);

 private:
  enum class AfterUse { kKeep, kRemove };
  struct Descriptor;
  static std::optional<FileLock> try_take(const std::filesystem::path& path, AfterUse after_use);
  explicit FileLock(std::shared_ptr<Descriptor> descriptor) : descriptor_(std::move(descriptor)) {}

  std::shared_ptr<Descriptor> descriptor_;
};

/// Many locks in one file, each told by a number: an open-file-description lock on the byte of that
/// number, which goes with the process that holds it. Where the file system has no such locks,
/// everybody gets one.
class NumberedLocks {
 public:
  /// Makes `file` where it is missing. Throws OutputError when it cannot be opened.
  explicit NumberedLocks(const std::filesystem::path& file);
  ~NumberedLocks();
  NumberedLocks(const NumberedLocks&) = delete;
  NumberedLocks& operator=(const NumberedLocks&) = delete;

  /// Takes the locks [first, first + count); false while another process holds one of them.
  bool try_take(std::int64_t first, std::int64_t count = 1);
  void give_back(std::int64_t first, std::int64_t count = 1);

 private:
  int descriptor_ = -1;
};

}  // namespace transfer
