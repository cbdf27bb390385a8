#include "datasets/exif.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace transfer {
namespace {

/// Reads numbers of either byte order; nothing where the block ends too early.
struct TiffReader {
  std::string_view bytes;
  bool little_endian;

  std::optional<std::uint32_t> read(std::size_t offset, std::size_t size) const {
    if (offset > bytes.size() || bytes.size() - offset < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t position = little_endian ? offset + size - 1 - i : offset + i;
      value = (value << 8) | static_cast<unsigned char>(bytes[position]);
    }
    return value;
  }
};

}  // namespace

int exif_orientation(std::string_view block) {
  constexpr std::string_view kHeader("Exif\0\0", 6);
  constexpr std::uint32_t kOrientationTag = 0x0112;
  if (!block.starts_with(kHeader)) return 1;
  block.remove_prefix(kHeader.size());
  if (!block.starts_with("II") && !block.starts_with("MM")) return 1;
  const TiffReader reader{block, block[0] == 'I'};
  const auto directory = reader.read(4, 4);
  if (!directory) return 1;
  const auto entries = reader.read(*directory, 2);
  if (!entries) return 1;
  for (std::size_t i = 0; i < *entries; ++i) {
    const std::size_t entry = *directory + 2 + 12 * i;
    const auto tag = reader.read(entry, 2);
    if (!tag) return 1;
    if (*tag != kOrientationTag) continue;
    const auto value = reader.read(entry + 8, 2).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace transfer
