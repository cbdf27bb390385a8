#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace transfer {

/// A lock (flock) that another process may want too, on a file that is removed when the lock is
/// given back; only a process that is killed leaves its file. It goes with the process that holds
/// it, however that ends. Where the file system has no such locks, everybody gets one. Copies share
/// the lock; the last one gives it back.
class FileLock {
 public:
  /// Nothing while another process holds it.
  static std::optional<FileLock> try_take(const std::filesystem::path& file);

  /// The same, waited for so long. Throws OutputError with the message `held` when it is held all
  /// the time, and Interrupted.
  static FileLock take(const std::filesystem::path& file, double seconds, const std::string& held);

  /// Gives the lock back before the last copy goes.
  void give_back() const;

 private:
  class Descriptor;
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
