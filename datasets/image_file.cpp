#include "datasets/image_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/hash.h"
#include "core/open_file.h"

namespace transfer {
namespace {

/// Devices are not even opened, which some of them take for a command.
void require_regular_file(const Sample& sample) {
  switch (file_kind(sample.path)) {
    case FileKind::kFolder: throw unreadable_image(sample, "is a folder, expected a file");
    case FileKind::kOther:
      throw unreadable_image(sample, "is a device, a pipe or a socket, expected a regular file");
    default: return;  // opening it gives the reason
  }
}

/// A sample's file, closed at the end.
class OpenImage {
 public:
  /// Throws DataError. Does not wait for the other end of a pipe.
  explicit OpenImage(const Sample& sample) {
    require_regular_file(sample);
    descriptor_ = open_uninterrupted(sample.path, O_RDONLY | O_NONBLOCK);
    if (descriptor_ < 0) {
      throw unreadable_image(sample, fmt::format("cannot be read: {}", std::strerror(errno)));
    }
  }
  ~OpenImage() { ::close(descriptor_); }
  OpenImage(const OpenImage&) = delete;
  OpenImage& operator=(const OpenImage&) = delete;

  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

std::uint64_t size_of(const Sample& sample, int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    throw unreadable_image(sample, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) throw unreadable_image(sample, "is no regular file any more");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > static_cast<std::uint64_t>(sample.max_bytes)) {
    throw unreadable_image(sample, fmt::format("has {} bytes, more than data.max_image_bytes allows ({})",
                                         size, sample.max_bytes));
  }
  return size;
}

/// Fills `target`. `done` and `size`: the bytes of the file before it, and of the whole file.
void read_piece(const Sample& sample, int descriptor, char* target, std::uint64_t count,
                std::uint64_t done, std::uint64_t size) {
  const std::size_t got = read_uninterrupted(descriptor, done, target, count);
  if (got == count) return;
  if (errno != 0) {
    throw unreadable_image(sample, fmt::format("cannot be read to its end: {}", std::strerror(errno)));
  }
  throw unreadable_image(sample, fmt::format("ends after {} of {} bytes: it changed while it was read",
                                       done + got, size));
}

}  // namespace

DataError unreadable_image(const Sample& sample, const std::string& reason) {
  return DataError(fmt::format("{}: {}.", sample.path, reason));
}

std::string read_image_file(const Sample& sample) {
  const OpenImage file(sample);
  const std::uint64_t size = size_of(sample, file.get());
  std::string bytes;
  try {
    bytes.resize(size);
  } catch (const std::bad_alloc&) {
    throw lack_of_memory(sample.path);
  }
  read_piece(sample, file.get(), bytes.data(), size, 0, size);
  return bytes;
}

std::string hash_image_file(const Sample& sample) {
  constexpr std::uint64_t kPiece = 1 << 18;
  const OpenImage file(sample);
  const std::uint64_t size = size_of(sample, file.get());
  std::string piece(std::min(size, kPiece), '\0');
  Sha256 hash;
  for (std::uint64_t done = 0; done < size; done += kPiece) {
    const std::uint64_t count = std::min(size - done, kPiece);
    read_piece(sample, file.get(), piece.data(), count, done, size);
    hash.update(piece.data(), count);
  }
  return hash.hex();
}

ResourceError lack_of_memory(const std::string& name) {
  return ResourceError(
      name +
      ": there is not enough memory to read this image. Raise the limit on memory (ulimit -v, or "
      "that of the container or job), give fewer --threads and data.workers, or lower "
      "data.max_image_bytes, so that it is left out.");
}

}  // namespace transfer
