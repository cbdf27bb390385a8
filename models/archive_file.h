#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/zip_format.h"

namespace transfer {

/// A record of an archive.
struct ArchiveRecord {
  /// Without the folder that all records lie in: "code/__torch__.py".
  std::string name;
  std::uint64_t begin = 0;  ///< position of its bytes in the file
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;  ///< uncompressed
  std::uint32_t crc = 0;
  bool is_deflated = false;

  /// Whether it holds the elements of a tensor, which LibTorch reads at once.
  bool is_tensor() const;
};

/// A zip archive as LibTorch writes it (a model or a checkpoint), opened for reading. What is read
/// through it is compared with the CRC-32 in the archive's directory, which LibTorch does not do.
/// It finds records where LibTorch finds them and refuses archives that two readers may read
/// differently. It owns the open file, so what is checked is what is loaded. Not thread-safe.
class ArchiveFile {
 public:
  /// Opens the file and reads its directory. Throws DamagedArchive where it is no sound archive.
  explicit ArchiveFile(const std::filesystem::path& file);
  ~ArchiveFile();
  ArchiveFile(const ArchiveFile&) = delete;
  ArchiveFile& operator=(const ArchiveFile&) = delete;

  const std::vector<ArchiveRecord>& records() const { return records_; }
  bool has(const std::string& name) const;
  /// Of the file, in bytes.
  std::uint64_t size() const { return size_; }

  /// The bytes of one of records(), uncompressed. Throws DamagedArchive where they do not have its
  /// CRC-32 or are more than 256 MiB.
  std::string contents(const ArchiveRecord& record) const;

  /// For LibTorch: copies `count` bytes of the file at `position`; returns how many there were. It
  /// compares the CRC-32 of a tensor that is read at once, and keeps what it finds for
  /// require_intact(), since LibTorch calls it out of C.
  std::size_t read(std::uint64_t position, void* bytes, std::size_t count) const noexcept;

  /// Compares the CRC-32 of all records that were not compared yet; `without_tensors`: of all that
  /// are no tensors. Throws DamagedArchive for the first damage that was found.
  void require_intact(bool without_tensors = false) const;

  /// SHA-256 of the file as 64 hexadecimal digits. Throws DamagedArchive where it cannot be read.
  std::string sha256() const;

 private:
  using TakePiece = std::function<void(std::string_view)>;

  void read_directory();
  void add_record(const zip::Entry& entry);
  std::string bytes_at(std::uint64_t position, std::uint64_t count) const;
  void read_pieces(std::uint64_t begin, std::uint64_t size, const TakePiece& take) const;
  void unpack(const ArchiveRecord& record, const TakePiece& take) const;
  void compare(std::size_t index, std::uint32_t found) const;
  void throw_any_damage() const;

  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::vector<ArchiveRecord> records_;
  std::unordered_map<std::uint64_t, std::size_t> record_at_;  ///< by where its bytes begin
  mutable std::vector<bool> is_compared_;
  mutable std::string damage_;      ///< the first that was found
  mutable bool is_unread_ = false;  ///< whether that is a failure of the system to read
};

}  // namespace transfer
