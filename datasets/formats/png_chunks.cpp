#include "datasets/formats/png_chunks.h"

#include <zlib.h>

#include <algorithm>
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
  if (image.bytes.substr(kSignatureSize + 4, 4) != "IHDR") {
    throw broken_image(image, "the PNG is damaged (its first chunk is not IHDR)");
  }
  require_sensible_size(image, big_endian(image.bytes, 16), big_endian(image.bytes, 20),
                        /*bytes_per_pixel=*/1);
}

constexpr std::size_t kChunkFrame = 12;  // length, type and checksum around a chunk's data

/// What lies before the image's data.
struct EarlyChunks {
  std::string_view significant_bits;
  std::string_view animation;
  bool has_transparent_colours = false;
  /// Whether the image's data was reached.
  bool are_complete = false;
};

EarlyChunks early_chunks(std::string_view bytes) {
  EarlyChunks found;
  std::size_t position = kSignatureSize;
  while (bytes.size() > position && bytes.size() - position >= kChunkFrame) {
    const std::string_view type = bytes.substr(position + 4, 4);
    if (type == "IDAT") {
      found.are_complete = true;
      break;
    }
    const std::size_t length = big_endian(bytes, position);
    if (length > bytes.size() - position - kChunkFrame) break;
    const std::string_view data = bytes.substr(position + 8, length);
    if (type == "sBIT") found.significant_bits = data;
    if (type == "acTL") found.animation = data;
    if (type == "tRNS") found.has_transparent_colours = true;
    position += kChunkFrame + length;
  }
  return found;
}

}  // namespace

bool png_has_16_bits(std::string_view bytes) {
  constexpr std::size_t kBitDepthAt = 24;
  return bytes.size() > kBitDepthAt && bytes[kBitDepthAt] == 16;
}

int png_significant_bits(std::string_view bytes) {
  const std::string_view bits = early_chunks(bytes).significant_bits;
  // One number for grey and three for colours; where there is alpha, one more.
  const std::size_t colours = bits.size() >= 3 ? 3 : std::min<std::size_t>(bits.size(), 1);
  int most = 0;
  for (std::size_t i = 0; i < colours; ++i) most = std::max(most, static_cast<int>(bits[i]));
  return std::min(most, 16);
}

bool png_has_alpha(std::string_view bytes) {
  constexpr std::size_t kColourTypeAt = 25;
  constexpr char kAlphaChannel = 4;
  if (bytes.size() > kColourTypeAt && (bytes[kColourTypeAt] & kAlphaChannel) != 0) return true;
  return early_chunks(bytes).has_transparent_colours;
}

std::int64_t png_frames(std::string_view bytes) {
  const std::string_view animation = early_chunks(bytes).animation;
  return animation.size() < 4 ? 1 : std::max<std::int64_t>(big_endian(animation, 0), 1);
}

bool shows_all_of_png(std::string_view start) { return early_chunks(start).are_complete; }

std::string keep_image_chunks(const EncodedImage& image) {
  check_header(image);
  const std::string_view bytes = image.bytes;
  std::string kept(bytes.substr(0, kSignatureSize));
  kept.reserve(bytes.size());
  std::size_t position = kSignatureSize;
  while (bytes.size() - position >= kChunkFrame) {
    const std::size_t length = big_endian(bytes, position);
    if (length > bytes.size() - position - kChunkFrame) break;
    const std::string_view type = bytes.substr(position + 4, 4);
    const bool is_critical = (type[0] & 0x20) == 0;
    if (is_critical || type == "tRNS") {
      const std::uint32_t checksum = big_endian(bytes, position + 8 + length);
      if (checksum_of(bytes.substr(position + 4, 4 + length)) != checksum) {
        throw broken_image(image, "the PNG is damaged (wrong checksum)");
      }
      kept.append(bytes.substr(position, kChunkFrame + length));
    }
    if (type == "IEND") return kept;
    position += kChunkFrame + length;
  }
  throw broken_image(image, "the PNG ends early or is damaged");
}

}  // namespace transfer
