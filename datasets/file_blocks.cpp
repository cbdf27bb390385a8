#include "datasets/file_blocks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/open_file.h"

namespace transfer {

FileBlocks::FileBlocks(const std::string& path)
    : descriptor_(open_uninterrupted(path, O_RDONLY | O_NONBLOCK)) {
  if (!is_open()) error_ = errno;
}

FileBlocks::~FileBlocks() {
  if (is_open()) ::close(descriptor_);
}

std::string FileBlocks::read(std::uint64_t offset, std::size_t size) {
  if (!is_open()) return "";
  std::string bytes(size, '\0');
  bytes.resize(read_uninterrupted(descriptor_, offset, bytes.data(), size));
  if (bytes.size() < size && error_ == 0) error_ = errno;
  return bytes;
}

}  // namespace transfer
