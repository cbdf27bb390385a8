#include "core/open_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/errors.h"
#include "core/lack_of_resources.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

[[noreturn]] void throw_read_failure(const std::filesystem::path& file, int error) {
  // Says nothing about the file, so that nobody takes it for damaged.
  if (error == EMFILE || error == ENFILE || error == ENOMEM) {
    throw OutputError(
        fmt::format("{}: cannot be opened: {}. Raise the limits on open files (ulimit -n) and on "
                    "memory.",
                    file.string(), std::strerror(error)));
  }
  if (error == ELOOP) {
    throw DataError(
        fmt::format("{}: is a symbolic link, which is not followed here.", file.string()));
  }
  if (error == ENODEV) {
    throw DataError(fmt::format("{}: is no regular file.", file.string()));
  }
  throw DataError(fmt::format("{}: cannot be read: {}.", file.string(), std::strerror(error)));
}

}  // namespace

int open_uninterrupted(const std::filesystem::path& file, int flags) {
  constexpr mode_t kMode = 0664;
  int descriptor = -1;
  do {
    descriptor = ::open(file.c_str(), flags | O_CLOEXEC, kMode);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0 && (errno == EMFILE || errno == ENFILE)) throw too_many_files(file, errno);
  return descriptor;
}

std::size_t read_uninterrupted(int descriptor, std::uint64_t offset, void* target,
                               std::size_t size) {
  std::size_t done = 0;
  errno = 0;
  while (done < size) {
    const ssize_t count = ::pread(descriptor, static_cast<char*>(target) + done, size - done,
                                  static_cast<off_t>(offset + done));
    if (count > 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    if (count == 0 || errno != EINTR) break;
    errno = 0;
  }
  return done;
}

int open_regular_file(const std::filesystem::path& file, int flags) {
  const int descriptor = open_uninterrupted(file, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    if (errno == EISDIR || errno == ENXIO) errno = ENODEV;
    return -1;
  }
  struct stat found = {};
  int error = ::fstat(descriptor, &found) == 0 ? 0 : errno;
  if (error == 0 && !S_ISREG(found.st_mode)) error = ENODEV;
  if (error == 0) return descriptor;
  ::close(descriptor);
  errno = error;
  return -1;
}

bool is_still_at(int descriptor, const std::filesystem::path& file) {
  struct stat opened = {};
  struct stat found = {};
  return ::fstat(descriptor, &opened) == 0 && ::lstat(file.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

OpenFile OpenFile::for_reading(const std::filesystem::path& file) {
  const int descriptor = open_regular_file(file, O_RDONLY);
  if (descriptor < 0) throw_read_failure(file, errno);
  return {file, descriptor};
}

OpenFile OpenFile::for_writing(const std::filesystem::path& file,
                               const std::filesystem::path& reported) {
  const int descriptor = open_regular_file(file, O_RDWR);
  if (descriptor < 0) throw write_failure(reported, errno);
  return {reported, descriptor};
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

struct stat OpenFile::facts() const {
  struct stat found = {};
  if (::fstat(descriptor_, &found) != 0) throw_read_failure(path_, errno);
  return found;
}

void OpenFile::read(std::uint64_t offset, void* target, std::size_t size) const {
  if (read_uninterrupted(descriptor_, offset, target, size) == size) return;
  if (errno != 0) throw_read_failure(path_, errno);
  throw DataError(fmt::format("{}: is truncated.", path_.string()));
}

void OpenFile::write(std::uint64_t offset, const void* bytes, std::size_t size) const {
  const auto* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t count = ::pwrite(descriptor_, next, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw write_failure(path_, count < 0 ? errno : ENOSPC);
    next += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
}

}  // namespace transfer
