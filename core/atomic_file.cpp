#include "core/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "core/errors.h"

namespace transfer {
namespace {

[[noreturn]] void throw_write_error(const std::filesystem::path& path, int error) {
  throw OutputError(
      fmt::format("{}: cannot be written: {}. Choose another folder with --out, or "
                  "make room and check the permissions.",
                  path.string(), std::strerror(error)));
}

void flush_to_disk(const std::filesystem::path& opened, const std::filesystem::path& reported) {
  const int descriptor = ::open(opened.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw_write_error(reported, errno);
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0 && error != EINVAL) throw_write_error(reported, error);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  temporary_ = path_;
  temporary_ += fmt::format(".{}.tmp", ::getpid());
  const int descriptor = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) throw_write_error(path_, errno);
  ::close(descriptor);
}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  flush_to_disk(temporary_, path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_write_error(path_, errno);
  committed_ = true;
  flush_to_disk(folder_of(path_), path_);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  AtomicFile file(path);
  errno = 0;
  std::ofstream stream(file.temporary_path(), std::ios::binary | std::ios::trunc);
  stream.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  stream.close();
  if (!stream) throw_write_error(path, errno != 0 ? errno : EIO);
  file.commit();
}

std::string read_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  if (!stream) {
    throw DataError(fmt::format("{}: cannot be read: {}.", path.string(), std::strerror(errno)));
  }
  const std::streamoff size = stream.tellg();
  std::string contents(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  stream.seekg(0);
  stream.read(contents.data(), static_cast<std::streamsize>(contents.size()));
  if (!stream || size < 0) {
    throw DataError(fmt::format("{}: cannot be read to its end.", path.string()));
  }
  return contents;
}

}  // namespace transfer
