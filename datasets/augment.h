#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>

#include "configs/config.h"
#include "core/preprocessing.h"

namespace transfer {

/// A randomly changed copy of an image: 8-bit RGB of any size → 8-bit RGB of the network's input
/// size. `seed` decides everything; callers use mix_seed({seed, epoch, sample}). With all
/// probabilities and `randaugment` 0 the result is exactly resize_and_crop's.
cv::Mat augment(const cv::Mat& rgb, const AugmentConfig& config, const Preprocessing& preprocessing,
                std::uint64_t seed);

}  // namespace transfer
