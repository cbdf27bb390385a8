#include "datasets/png_chunks.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "core/big_endian.h"
#include "core/errors.h"
#include "datasets/decode.h"

namespace transfer {
namespace {

std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}

/// CRC-32 as PNG's Annex D defines it.
std::uint32_t crc32(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = make_crc_table();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(byte)) & 255] ^ (crc >> 8);
  }
  return ~crc;
}

void check_header(std::string_view bytes, const std::string& name) {
  constexpr std::size_t kHeaderEnd = 33;
  if (bytes.size() < kHeaderEnd) throw DataError(fmt::format("{}: the PNG ends early", name));
  const std::int64_t width = big_endian(bytes, 16);
  const std::int64_t height = big_endian(bytes, 20);
  if (width > kMaxPixels || height > kMaxPixels || width * height > kMaxPixels) {
    throw DataError(fmt::format("{}: the header claims {} x {} pixels, more than is sensible", name,
                                width, height));
  }
}

}  // namespace

std::string keep_image_chunks(std::string_view bytes, const std::string& name) {
  constexpr std::size_t kFrame = 12;  // length, type and checksum around a chunk's data
  check_header(bytes, name);
  std::string kept(kPngSignature);
  kept.reserve(bytes.size());
  std::size_t position = kPngSignature.size();
  while (bytes.size() - position >= kFrame) {
    const std::size_t length = big_endian(bytes, position);
    if (length > bytes.size() - position - kFrame) break;
    const std::string_view type = bytes.substr(position + 4, 4);
    const bool is_critical = (type[0] & 0x20) == 0;
    if (is_critical || type == "tRNS") {
      const std::uint32_t checksum = big_endian(bytes, position + 8 + length);
      if (crc32(bytes.substr(position + 4, 4 + length)) != checksum) {
        throw DataError(fmt::format("{}: the PNG is damaged (wrong checksum)", name));
      }
      kept.append(bytes.substr(position, kFrame + length));
    }
    if (type == "IEND") return kept;
    position += kFrame + length;
  }
  throw DataError(fmt::format("{}: the PNG ends early or is damaged", name));
}

}  // namespace transfer
