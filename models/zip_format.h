#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace transfer {

/// What is wrong with an archive, as words behind "FILE: ".
class DamagedArchive : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The system could not read it; its content may be sound.
class UnreadArchive : public DamagedArchive {
 public:
  using DamagedArchive::DamagedArchive;
};

}  // namespace transfer

/// The parts of the zip format that LibTorch writes and reads (PKWARE's APPNOTE.TXT 6.3).
namespace transfer::zip {

// Marks and sizes, in bytes, of the parts of an archive that have a fixed size.
inline constexpr std::uint64_t kHeaderMark = 0x04034b50;  ///< before a record's bytes
inline constexpr std::uint64_t kHeaderSize = 30;
inline constexpr std::uint64_t kEntryMark = 0x02014b50;  ///< in the directory
inline constexpr std::uint64_t kEntrySize = 46;
inline constexpr std::uint64_t kEndMark = 0x06054b50;  ///< of the archive
inline constexpr std::uint64_t kEndSize = 22;
inline constexpr std::uint64_t kLocatorMark = 0x07064b50;  ///< of the end with 64-bit numbers
inline constexpr std::uint64_t kLocatorSize = 20;
inline constexpr std::uint64_t kEnd64Mark = 0x06064b50;
inline constexpr std::uint64_t kEnd64Size = 56;

/// The little-endian number of `size` bytes at `at`. Throws DamagedArchive behind the end.
std::uint64_t number(std::string_view bytes, std::uint64_t at, std::size_t size);

/// An archive's directory: where it is and how many records it lists.
struct Directory {
  std::uint64_t count = 0;
  std::uint64_t size = 0;   ///< bytes
  std::uint64_t begin = 0;  ///< position in the file
};
/// From the archive's end; of 64-bit numbers where it has one.
Directory directory_of_end(std::string_view end);
Directory directory_of_end64(std::string_view end64);

/// A record as the directory lists it.
struct Entry {
  std::string name;
  std::uint64_t header = 0;  ///< position of its local header in the file
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;  ///< uncompressed
  std::uint32_t crc = 0;
  bool is_deflated = false;
  std::uint64_t length = 0;  ///< of the entry itself
};

/// The entry at `at` of a directory. Throws DamagedArchive where it is damaged, encrypted, or
/// compressed otherwise than by deflate.
Entry entry_at(std::string_view directory, std::uint64_t at);

/// CRC-32 of bytes behind those that have the CRC-32 `crc`, which is 0 at first.
std::uint32_t crc32_of(std::uint32_t crc, const void* bytes, std::size_t count);

/// Unpacks deflated bytes: `more` gives the next piece, empty at the end; `take` gets what is in
/// it. Returns whether that was exactly `size` bytes. Throws what the two throw.
bool inflate(std::uint64_t size, const std::function<std::string_view()>& more,
             const std::function<void(std::string_view)>& take);

}  // namespace transfer::zip
