#include "datasets/file_blocks.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/open_file.h"

namespace transfer {

FileBlocks::FileBlocks(const std::string& path)
    : descriptor_(open_uninterrupted(path, O_RDONLY | O_NONBLOCK)) {}

FileBlocks::~FileBlocks() {
  if (is_open()) ::close(descriptor_);
}

std::string FileBlocks::read(std::uint64_t offset, std::size_t size) const {
  std::string bytes(size, '\0');
  bytes.resize(is_open() ? read_uninterrupted(descriptor_, offset, bytes.data(), size) : 0);
  return bytes;
}

}  // namespace transfer
