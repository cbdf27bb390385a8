#include "datasets/formats/png_chunks.h"

#include <zlib.h>

#include <cstdint>

#include "core/big_endian.h"

namespace transfer {
namespace {

constexpr std::size_t kSignatureSize = 8;

std::uint32_t checksum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// The header is the first chunk, so its place in the file is fixed.
void check_header(const EncodedImage& image) {
  constexpr std::size_t kHeaderEnd = 33;
  if (image.bytes.size() < kHeaderEnd) throw broken_image(image, "the PNG ends early");
  require_sensible_size(image, big_endian(image.bytes, 16), big_endian(image.bytes, 20));
}

}  // namespace

std::string keep_image_chunks(const EncodedImage& image) {
  constexpr std::size_t kFrame = 12;  // length, type and checksum around a chunk's data
  check_header(image);
  const std::string_view bytes = image.bytes;
  std::string kept(bytes.substr(0, kSignatureSize));
  kept.reserve(bytes.size());
  std::size_t position = kSignatureSize;
  while (bytes.size() - position >= kFrame) {
    const std::size_t length = big_endian(bytes, position);
    if (length > bytes.size() - position - kFrame) break;
    const std::string_view type = bytes.substr(position + 4, 4);
    const bool is_critical = (type[0] & 0x20) == 0;
    if (is_critical || type == "tRNS") {
      const std::uint32_t checksum = big_endian(bytes, position + 8 + length);
      if (checksum_of(bytes.substr(position + 4, 4 + length)) != checksum) {
        throw broken_image(image, "the PNG is damaged (wrong checksum)");
      }
      kept.append(bytes.substr(position, kFrame + length));
    }
    if (type == "IEND") return kept;
    position += kFrame + length;
  }
  throw broken_image(image, "the PNG ends early or is damaged");
}

}  // namespace transfer
