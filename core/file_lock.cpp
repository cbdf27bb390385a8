#include "core/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_trust.h"
#include "core/open_file.h"
#include "core/stopwatch.h"
#include "core/write_failure.h"

namespace transfer {

namespace {

/// Throws OutputError for what somebody has put in the place of a lock: it would lock nothing, or
/// the wrong file.
void refuse_other_than_file(const std::filesystem::path& file, int error) {
  if (error != ELOOP && error != ENODEV) return;
  throw OutputError(
      fmt::format("{}: is {}. Expected a file that this program makes itself: remove "
                  "it.",
                  file.string(),
                  error == ELOOP ? "a symbolic link, which is not followed" : "no regular file"));
}

/// Throws OutputError for a disk or a process in trouble, which does not say that there are no
/// locks: to go on without one could mix what two processes write.
void refuse_trouble(const std::filesystem::path& file, int error) {
  for (const int trouble : {EIO, ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE}) {
    if (error == trouble) throw write_failure(file, error);
  }
}

}  // namespace

/// The open file. The process that took the lock removes it; a fork only closes its copy.
class FileLock::Descriptor {
 public:
  explicit Descriptor(std::filesystem::path file)
      // On NFS, flock reaches other machines only for files that are open for writing.
      : file_(std::move(file)), number_(open_regular_file(file_, O_RDWR | O_CREAT)) {
    if (number_ >= 0) return;
    const int error = errno;
    refuse_other_than_file(file_, error);
    refuse_trouble(file_, error);
  }
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

bool FileLock::is_held(const std::filesystem::path& file) {
  const int descriptor = open_regular_file(file, O_RDONLY);
  if (descriptor < 0) return false;
  const bool is_held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);  // releases it
  return is_held;
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

NumberedLocks::NumberedLocks(std::filesystem::path file) : file_(std::move(file)) { open(); }

NumberedLocks::~NumberedLocks() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void NumberedLocks::open() {
  descriptor_ = open_regular_file(file_, O_RDWR | O_CREAT);
  if (descriptor_ < 0) {
    refuse_other_than_file(file_, errno);
    throw write_failure(file_, errno);
  }
  if (const auto reason = why_untrusted(descriptor_, file_)) throw OutputError(*reason);
}

void NumberedLocks::follow_file() {
  if (is_still_at(descriptor_, file_)) return;
  ::close(std::exchange(descriptor_, -1));
  open();
}

void NumberedLocks::touch() const { ::futimens(descriptor_, nullptr); }

bool NumberedLocks::try_take(std::int64_t first, std::int64_t count) {
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = first;
  range.l_len = count;
  if (::fcntl(descriptor_, F_OFD_SETLK, &range) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  excludes_others_ = false;
  return true;
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
