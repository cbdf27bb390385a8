#include "models/inference_batch.h"

#include <algorithm>

namespace transfer {

std::int64_t images_per_slice(std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kPixels = 128 * 128;
  constexpr std::int64_t kMost = 16;
  const std::int64_t pixels = std::max<std::int64_t>(height * width, 1);
  return std::clamp<std::int64_t>(kPixels / pixels, 1, kMost);
}

}  // namespace transfer
