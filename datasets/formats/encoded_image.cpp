#include "datasets/formats/encoded_image.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/formats/oversized_image.h"

namespace transfer {

DataError broken_image(const EncodedImage& image, std::string_view reason) {
  return DataError(fmt::format("{}: {}", image.name, reason));
}

void require_sensible_size(const EncodedImage& image, std::uint64_t width, std::uint64_t height,
                           std::uint64_t bytes_per_pixel, std::uint64_t least_bytes) {
  constexpr auto kLimit = static_cast<std::uint64_t>(kMaxPixels);
  const std::string claim = fmt::format("the header claims {} x {} pixels", width, height);
  if (width == 0 || height == 0) throw broken_image(image, claim + ", which is no image");
  if (height > kLimit / width) {
    throw OversizedImage(fmt::format("{}: {}, more than is sensible", image.name, claim));
  }
  const std::uint64_t bytes = std::max(width * height * bytes_per_pixel, least_bytes);
  if (bytes <= static_cast<std::uint64_t>(image.max_bytes)) return;
  throw OversizedImage(
      fmt::format("{}: {}, which take {} bytes, more than data.max_image_bytes allows ({})",
                  image.name, claim, bytes, image.max_bytes));
}

}  // namespace transfer
