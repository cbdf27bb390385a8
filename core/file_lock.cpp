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

/// Whether `path` is still the file that was opened: a holder removes it in the end.
bool is_still_at(int descriptor, const std::filesystem::path& path) {
  struct stat opened = {};
  struct stat found = {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

}  // namespace

struct FileLock::Descriptor {
  int number = -1;
  /// A file to be removed, and the process that made it; the lock's copy in a fork leaves it.
  std::filesystem::path temporary = {};
  pid_t owner = 0;

  explicit Descriptor(int descriptor) : number(descriptor) {}
  ~Descriptor() {
    if (owner == ::getpid() && is_still_at(number, temporary)) ::unlink(temporary.c_str());
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

std::optional<FileLock> FileLock::try_take(const std::filesystem::path& path, AfterUse after_use) {
  // NFS makes flock a lock for all machines only on files that are open for writing.
  auto descriptor =
      std::make_shared<Descriptor>(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (descriptor->number < 0) {
    descriptor = std::make_shared<Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (descriptor->number >= 0 && ::flock(descriptor->number, LOCK_EX | LOCK_NB) != 0 &&
      errno == EWOULDBLOCK) {
    return std::nullopt;
  }
  if (after_use == AfterUse::kRemove && descriptor->number >= 0) {
    if (!is_still_at(descriptor->number, path)) return std::nullopt;
    descriptor->temporary = path;
    descriptor->owner = ::getpid();
  }
  return FileLock(std::move(descriptor));
}

FileLock FileLock::take_temporary(const std::filesystem::path& path, double seconds,
                                  const std::string& held) {
  const Stopwatch waited;
  while (true) {
    if (auto lock = try_take(path, AfterUse::kRemove)) return std::move(*lock);
    if (waited.seconds() >= seconds) throw OutputError(held);
    throw_if_stopped();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

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
