#include "core/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/stopwatch.h"

namespace transfer {

struct FileLock::Descriptor {
  int number = -1;

  explicit Descriptor(int descriptor) : number(descriptor) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

std::optional<FileLock> FileLock::try_take(const std::filesystem::path& path) {
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
  return FileLock(std::move(descriptor));
}

FileLock FileLock::take(const std::filesystem::path& path, double seconds,
                        const std::string& held) {
  const Stopwatch waited;
  while (true) {
    if (auto lock = try_take(path)) return std::move(*lock);
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
