#include "models/zip_format.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

namespace transfer::zip {
namespace {

constexpr std::uint64_t kInExtraField = 0xffffffff;  ///< a 32-bit number stands in the extra field
constexpr std::uint64_t kExtra64 = 1;                ///< the extra field of 64-bit numbers
constexpr std::uint64_t kDeflated = 8;

/// Takes the numbers that do not fit in 32 bits from an entry's extra fields.
void read_extra_fields(std::string_view fields, Entry& entry) {
  std::uint64_t at = 0;
  while (at + 4 <= fields.size() && number(fields, at, 2) != kExtra64) {
    at += 4 + number(fields, at + 2, 2);
  }
  if (at + 4 > fields.size()) {
    throw DamagedArchive("is damaged: a size is missing in its directory");
  }
  const std::string_view numbers = fields.substr(at + 4, number(fields, at + 2, 2));
  at = 0;
  for (std::uint64_t* value : {&entry.size, &entry.stored_size, &entry.header}) {
    if (*value != kInExtraField) continue;
    *value = number(numbers, at, 8);
    at += 8;
  }
}

}  // namespace

std::uint64_t number(std::string_view bytes, std::uint64_t at, std::size_t size) {
  if (at > bytes.size() || size > bytes.size() - at) {
    throw DamagedArchive("is damaged: its directory ends too early");
  }
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

Directory directory_of_end(std::string_view end) {
  return {number(end, 10, 2), number(end, 12, 4), number(end, 16, 4)};
}

Directory directory_of_end64(std::string_view end64) {
  return {number(end64, 32, 8), number(end64, 40, 8), number(end64, 48, 8)};
}

Entry entry_at(std::string_view directory, std::uint64_t at) {
  if (number(directory, at, 4) != kEntryMark) {
    throw DamagedArchive("is damaged: its directory does not hold what its end says");
  }
  const std::uint64_t flags = number(directory, at + 8, 2);
  const std::uint64_t method = number(directory, at + 10, 2);
  const std::uint64_t name_size = number(directory, at + 28, 2);
  const std::uint64_t extra_size = number(directory, at + 30, 2);
  Entry entry;
  entry.crc = static_cast<std::uint32_t>(number(directory, at + 16, 4));
  entry.stored_size = number(directory, at + 20, 4);
  entry.size = number(directory, at + 24, 4);
  entry.header = number(directory, at + 42, 4);
  entry.is_deflated = method == kDeflated;
  entry.length = kEntrySize + name_size + extra_size + number(directory, at + 32, 2);
  if (entry.length > directory.size() - at) {
    throw DamagedArchive("is damaged: its directory ends too early");
  }
  entry.name = directory.substr(at + kEntrySize, name_size);
  if (std::max({entry.size, entry.stored_size, entry.header}) == kInExtraField) {
    read_extra_fields(directory.substr(at + kEntrySize + name_size, extra_size), entry);
  }
  const bool is_encrypted = (flags & 1U) != 0;
  if (is_encrypted || (method != 0 && method != kDeflated)) {
    throw DamagedArchive(
        fmt::format("is not as LibTorch writes archives: the record {} is {}", entry.name,
                    is_encrypted ? "encrypted" : "compressed by another method than deflate"));
  }
  if (entry.name.find('\0') != std::string::npos ||
      (!entry.is_deflated && entry.size != entry.stored_size)) {
    throw DamagedArchive("is damaged: its directory contradicts itself");
  }
  return entry;
}

std::uint32_t crc32_of(std::uint32_t crc, const void* bytes, std::size_t count) {
  return static_cast<std::uint32_t>(::crc32_z(crc, static_cast<const Bytef*>(bytes), count));
}

bool inflate(std::uint64_t size, const std::function<std::string_view()>& more,
             const std::function<void(std::string_view)>& take) {
  constexpr std::size_t kPiece = 1U << 16U;
  z_stream stream = {};
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, &::inflateEnd);
  const auto piece = std::make_unique<std::array<char, kPiece>>();
  std::uint64_t done = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const std::string_view packed = more();
      if (packed.empty()) return false;
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
      stream.avail_in = static_cast<uInt>(packed.size());
    }
    stream.next_out = reinterpret_cast<Bytef*>(piece->data());
    stream.avail_out = kPiece;
    status = ::inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return false;
    }
    const std::size_t count = kPiece - stream.avail_out;
    done += count;
    if (done > size) return false;
    take(std::string_view(piece->data(), count));
  }
  return done == size;
}

}  // namespace transfer::zip
