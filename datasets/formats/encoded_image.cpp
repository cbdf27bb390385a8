#include "datasets/formats/encoded_image.h"

#include <fmt/format.h>

namespace transfer {

DataError broken_image(const EncodedImage& image, std::string_view reason) {
  return DataError(fmt::format("{}: {}", image.name, reason));
}

void require_sensible_size(const EncodedImage& image, std::uint64_t width, std::uint64_t height) {
  constexpr auto kLimit = static_cast<std::uint64_t>(kMaxPixels);
  if (width > 0 && height > 0 && height <= kLimit / width) return;
  throw broken_image(image, fmt::format("the header claims {} x {} pixels, {}", width, height,
                                        width == 0 || height == 0 ? "which is no image"
                                                                  : "more than is sensible"));
}

}  // namespace transfer
