#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace transfer {

/// Grey images of the same size in memory: one byte per pixel, row by row, one image after the
/// other.
struct ImageArray {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::string pixels;

  std::int64_t count() const {
    return static_cast<std::int64_t>(pixels.size()) / std::max<std::int64_t>(height * width, 1);
  }
  /// The bytes of one image.
  std::string_view image(std::int64_t position) const {
    const auto size = static_cast<std::size_t>(height * width);
    return std::string_view(pixels).substr(static_cast<std::size_t>(position) * size, size);
  }
};

}  // namespace transfer
