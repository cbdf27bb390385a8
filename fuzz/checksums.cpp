#include "fuzz/checksums.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz/target.h"

namespace transfer::fuzz {
namespace {

std::uint32_t checksum(const std::uint8_t* data, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32(0, data, static_cast<unsigned>(size)));
}

std::size_t little_endian(const std::uint8_t* data, int bytes) {
  std::size_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) value = (value << 8) | data[i];
  return value;
}

void put_little_endian(std::uint8_t* data, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) data[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

/// An entry of a zip archive: where its two checksums and its bytes are.
struct ZipEntry {
  std::size_t local_header = 0;
  std::size_t directory_header = 0;
  std::size_t first = 0;
  std::size_t size = 0;
};

constexpr std::size_t kLocalHeader = 30;
constexpr std::size_t kDirectoryHeader = 46;

/// The entries that are stored without compression. Source: PKWARE, "APPNOTE.TXT".
std::vector<ZipEntry> stored_entries(const std::uint8_t* data, std::size_t size) {
  std::vector<ZipEntry> entries;
  constexpr char kDirectory[] = "PK\x01\x02";
  const std::uint8_t* const end = data + size;
  const std::uint8_t* place = data;
  while ((place = std::search(place, end, kDirectory, kDirectory + 4)) != end) {
    const auto header = static_cast<std::size_t>(place - data);
    ++place;
    if (size - header < kDirectoryHeader || little_endian(data + header + 10, 2) != 0) continue;
    ZipEntry entry;
    entry.directory_header = header;
    entry.size = little_endian(data + header + 20, 4);
    entry.local_header = little_endian(data + header + 42, 4);
    if (entry.local_header > size || size - entry.local_header < kLocalHeader) continue;
    const std::uint8_t* local = data + entry.local_header;
    entry.first = entry.local_header + kLocalHeader + little_endian(local + 26, 2) +
                  little_endian(local + 28, 2);
    const bool is_inside = entry.first <= size && size - entry.first >= entry.size;
    if (is_inside && entry.size > 0) entries.push_back(entry);
  }
  return entries;
}

/// Leaves other bytes than those of a PNG as they are.
void mend_png_checksums(std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kSignature = 8;
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kChecksum = 4;
  if (size < kSignature || std::memcmp(data, "\x89PNG\r\n\x1A\n", kSignature) != 0) return;
  std::size_t place = kSignature;
  while (size - place >= kHeader + kChecksum) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = (length << 8) | data[place + i];
    if (length > size - place - kHeader - kChecksum) return;
    const std::uint32_t right = checksum(data + place + 4, length + 4);
    std::uint8_t* stored = data + place + kHeader + length;
    for (int i = 0; i < 4; ++i) stored[i] = static_cast<std::uint8_t>(right >> (24 - 8 * i));
    place += kHeader + length + kChecksum;
  }
}

}  // namespace

std::size_t mutate_image(std::uint8_t* data, std::size_t size, std::size_t capacity,
                         unsigned seed) {
  constexpr unsigned kKeepsWrongChecksums = 8;
  size = LLVMFuzzerMutate(data, size, capacity);
  if (seed % kKeepsWrongChecksums != 0) mend_png_checksums(data, size);
  return size;
}

bool mutate_zip_entry(std::uint8_t* data, std::size_t size, unsigned seed) {
  const auto entries = stored_entries(data, size);
  if (entries.empty()) return false;
  const ZipEntry& entry = entries[seed % entries.size()];
  std::vector<std::uint8_t> bytes(data + entry.first, data + entry.first + entry.size);
  const std::size_t changed = LLVMFuzzerMutate(bytes.data(), bytes.size(), bytes.size());
  std::copy_n(bytes.begin(), changed, data + entry.first);
  const std::uint32_t right = checksum(data + entry.first, entry.size);
  put_little_endian(data + entry.directory_header + 16, right);
  put_little_endian(data + entry.local_header + 14, right);
  return true;
}

}  // namespace transfer::fuzz
