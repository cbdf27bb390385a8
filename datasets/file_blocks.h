#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace transfer {

/// An open file of which parts are looked at. Links are followed, pipes are not waited for. One
/// that cannot be opened or read has no bytes.
class FileBlocks {
 public:
  explicit FileBlocks(const std::string& path);
  ~FileBlocks();
  FileBlocks(const FileBlocks&) = delete;
  FileBlocks& operator=(const FileBlocks&) = delete;

  bool is_open() const { return descriptor_ >= 0; }

  /// At most `size` bytes from `offset` on; fewer where the file ends or cannot be read.
  std::string read(std::uint64_t offset, std::size_t size);

  /// errno of what failed first, opening or a read; 0 where nothing did.
  int error() const { return error_; }

 private:
  int descriptor_;
  int error_ = 0;
};

}  // namespace transfer
