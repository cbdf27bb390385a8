#include "datasets/formats/exif.h"

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>

#include "datasets/formats/number_reader.h"

namespace transfer {
namespace {

/// The data of the first chunk of that type; empty where there is none. A chunk is a type of four
/// letters and a length, in either order, then the data. PNG adds a checksum; RIFF pads the data to
/// an even length.
std::string_view find_chunk(std::string_view bytes, std::size_t first, bool is_png,
                            std::string_view type) {
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kChecksum = 4;
  const NumberReader reader{bytes, /*little_endian=*/!is_png};
  std::size_t position = first;
  while (bytes.size() >= position + kHeader) {
    const std::size_t length = reader.read(position + (is_png ? 0 : 4), 4).value_or(0);
    const std::size_t data = position + kHeader;
    if (bytes.substr(position + (is_png ? 4 : 0), 4) == type) return bytes.substr(data, length);
    position = data + length + (is_png ? kChecksum : length % 2);
  }
  return {};
}

/// The bytes of a whole number of an EXIF entry's type. Writers use others than the SHORT that the
/// standard asks for.
std::size_t size_of_number(const NumberReader& reader, std::size_t entry) {
  constexpr std::uint64_t kByte = 1;
  constexpr std::uint64_t kLong = 4;
  const auto type = reader.read(entry + 2, 2);
  return type == kByte ? 1 : type == kLong ? 4 : 2;
}

}  // namespace

int exif_orientation(std::string_view block) {
  constexpr std::string_view kHeader("Exif\0\0", 6);
  constexpr std::uint32_t kOrientationTag = 0x0112;
  if (block.starts_with(kHeader)) block.remove_prefix(kHeader.size());
  if (!block.starts_with("II") && !block.starts_with("MM")) return 1;
  const NumberReader reader{block, block[0] == 'I'};
  const auto directory = reader.read(4, 4);
  if (!directory) return 1;
  const auto entries = reader.read(*directory, 2);
  if (!entries) return 1;
  for (std::size_t i = 0; i < *entries; ++i) {
    const std::size_t entry = *directory + 2 + 12 * i;
    const auto tag = reader.read(entry, 2);
    if (!tag) return 1;
    if (*tag != kOrientationTag) continue;
    const auto value = reader.read(entry + 8, size_of_number(reader, entry)).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int png_orientation(std::string_view bytes) {
  constexpr std::size_t kSignature = 8;
  return exif_orientation(find_chunk(bytes, kSignature, /*is_png=*/true, "eXIf"));
}

int webp_orientation(std::string_view bytes) {
  constexpr std::size_t kRiffHeader = 12;
  return exif_orientation(find_chunk(bytes, kRiffHeader, /*is_png=*/false, "EXIF"));
}

cv::Mat apply_orientation(const cv::Mat& image, int orientation) {
  cv::Mat turned;
  switch (orientation) {
    case 2: cv::flip(image, turned, 1); return turned;
    case 3: cv::rotate(image, turned, cv::ROTATE_180); return turned;
    case 4: cv::flip(image, turned, 0); return turned;
    case 5: cv::transpose(image, turned); return turned;
    case 6: cv::rotate(image, turned, cv::ROTATE_90_CLOCKWISE); return turned;
    case 7:
      cv::transpose(image, turned);
      cv::flip(turned, turned, -1);
      return turned;
    case 8: cv::rotate(image, turned, cv::ROTATE_90_COUNTERCLOCKWISE); return turned;
    default: return image;
  }
}

}  // namespace transfer
