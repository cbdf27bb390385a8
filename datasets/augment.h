#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>

#include "configs/config.h"
#include "core/preprocessing.h"

namespace transfer {

/// A randomly changed copy of an image: 8 bits, RGB or bands, of any size → the same in the
/// network's input size. `seed` decides everything; callers use mix_seed({seed, epoch, sample}).
/// With all probabilities and `randaugment` 0 the result is exactly resize_and_crop's. Contrast,
/// saturation, hue, `greyscale` and `randaugment` change colours only, not other bands.
cv::Mat augment(const cv::Mat& original, const AugmentConfig& config,
                const Preprocessing& preprocessing, std::uint64_t seed);

}  // namespace transfer
