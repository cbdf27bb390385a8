#include "datasets/claimed_size.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "core/errors.h"
#include "datasets/decode.h"
#include "datasets/number_reader.h"

namespace transfer {
namespace {

/// Width and height in pixels; 0 where the header does not say.
using Size = std::pair<std::uint64_t, std::uint64_t>;

/// BITMAPINFOHEADER and its successors have 32-bit sides (a negative height is an image stored top
/// down), the OS/2 header of 12 bytes has 16-bit ones.
Size bmp_size(std::string_view bytes) {
  const NumberReader reader{bytes, /*little_endian=*/true};
  if (reader.read(14, 4) == 12U) {
    return {reader.read(18, 2).value_or(0), reader.read(20, 2).value_or(0)};
  }
  const auto side = [&reader](std::uint64_t offset) {
    const auto value = static_cast<std::int32_t>(reader.read(offset, 4).value_or(0));
    return static_cast<std::uint64_t>(std::llabs(value));
  };
  return {side(18), side(22)};
}

/// Only VP8X, with 24 bits a side less one, can claim more than kMaxPixels: the plain lossy and
/// lossless headers have 14 bits.
Size webp_size(std::string_view bytes) {
  if (bytes.size() < 30 || bytes.substr(12, 4) != "VP8X") return {0, 0};
  const NumberReader reader{bytes, /*little_endian=*/true};
  return {reader.read(24, 3).value_or(0) + 1, reader.read(27, 3).value_or(0) + 1};
}

/// Tags 256 and 257 of the first directory. Source: TIFF 6.0, and libtiff's BigTIFF design.
Size tiff_size(std::string_view bytes) {
  const NumberReader reader{bytes, bytes[0] == 'I'};
  const bool is_big = reader.read(2, 2) == 43U;
  const std::size_t word = is_big ? 8 : 4;
  const auto directory = reader.read(is_big ? 8 : 4, word);
  if (!directory || *directory > bytes.size()) return {0, 0};
  const std::size_t count_size = is_big ? 8 : 2;
  const std::size_t entry_size = 4 + 2 * word;
  const std::uint64_t entries = reader.read(*directory, count_size).value_or(0);
  Size size{0, 0};
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = *directory + count_size + i * entry_size;
    const auto tag = reader.read(entry, 2);
    if (!tag || *tag > 257) break;  // entries are sorted by tag
    if (*tag < 256) continue;
    const auto type = reader.read(entry + 2, 2);
    const std::size_t value_size = type == 3U ? 2 : type == 16U ? 8 : 4;
    const auto value = reader.read(entry + 4 + word, value_size).value_or(0);
    (*tag == 256 ? size.first : size.second) = value;
  }
  return size;
}

Size claimed_size(std::string_view bytes) {
  if (bytes.starts_with("BM")) return bmp_size(bytes);
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return webp_size(bytes);
  const std::string_view magic = bytes.substr(0, 4);
  constexpr std::string_view kLittle("II\x2A\0", 4), kBig("MM\0\x2A", 4);
  constexpr std::string_view kLittle64("II\x2B\0", 4), kBig64("MM\0\x2B", 4);
  if (magic == kLittle || magic == kBig || magic == kLittle64 || magic == kBig64) {
    return tiff_size(bytes);
  }
  return {0, 0};
}

}  // namespace

void refuse_absurd_size(std::string_view bytes, const std::string& name) {
  constexpr auto kLimit = static_cast<std::uint64_t>(kMaxPixels);
  const auto [width, height] = claimed_size(bytes);
  const bool is_sensible = width == 0 || height <= kLimit / width;
  if (is_sensible) return;
  throw DataError(fmt::format("{}: the header claims {} x {} pixels, more than is sensible", name,
                              width, height));
}

}  // namespace transfer
