#include "core/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/stopwatch.h"

namespace transfer {

namespace {

/// Whether `path` is still the file that was opened: whoever held the lock may have removed it.
bool is_still_at(int descriptor, const std::filesystem::path& path) {
  struct stat opened = {};
  struct stat found = {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

}  // namespace

/// The open file. The process that took the lock removes it; a fork only closes its copy.
class FileLock::Descriptor {
 public:
  explicit Descriptor(std::filesystem::path file)
      // On NFS, flock reaches other machines only for files that are open for writing.
      : file_(std::move(file)),
        number_(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool take() {
    if (number_ < 0) return true;
    const bool is_held = ::flock(number_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (is_held || !is_still_at(number_, file_)) return false;
    holder_ = ::getpid();
    return true;
  }

  void close() {
    if (number_ < 0) return;
    if (holder_ == ::getpid() && is_still_at(number_, file_)) ::unlink(file_.c_str());
    ::close(number_);
    number_ = -1;
  }

 private:
  std::filesystem::path file_;
  int number_ = -1;
  pid_t holder_ = 0;
};

std::optional<FileLock> FileLock::try_take(const std::filesystem::path& file) {
  auto descriptor = std::make_shared<Descriptor>(file);
  if (!descriptor->take()) return std::nullopt;
  return FileLock(std::move(descriptor));
}

FileLock FileLock::take(const std::filesystem::path& file, double seconds,
                        const std::string& held) {
  const Stopwatch waited;
  while (true) {
    if (auto lock = try_take(file)) return std::move(*lock);
    if (waited.seconds() >= seconds) throw OutputError(held);
    throw_if_stopped();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void FileLock::give_back() const { descriptor_->close(); }

NumberedLocks::NumberedLocks(const std::filesystem::path& file)
    : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) {
    throw OutputError(fmt::format("{}: cannot be written: {}. Check the folder's permissions.",
                                  file.string(), std::strerror(errno)));
  }
}

NumberedLocks::~NumberedLocks() { ::close(descriptor_); }

bool NumberedLocks::try_take(std::int64_t first, std::int64_t count) {
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = first;
  range.l_len = count;
  if (::fcntl(descriptor_, F_OFD_SETLK, &range) == 0) return true;
  return errno != EAGAIN && errno != EACCES;
}

void NumberedLocks::give_back(std::int64_t first, std::int64_t count) {
  struct flock range = {};
  range.l_type = F_UNLCK;
  range.l_whence = SEEK_SET;
  range.l_start = first;
  range.l_len = count;
  ::fcntl(descriptor_, F_OFD_SETLK, &range);
}

}  // namespace transfer
