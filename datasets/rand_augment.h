#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "core/random.h"

namespace transfer {

/// One of RandAugment's operations on an 8-bit RGB image, in place; the size stays.
struct ImageOperation {
  const char* name;
  /// `strength` −1 to 1: 0 is the weakest. The sign is the direction, where there is one.
  void (*apply)(cv::Mat& image, double strength);
};

/// The 14 operations of the paper, with torchvision's ranges. What a move uncovers is filled by
/// mirroring the image, as in augment().
const std::vector<ImageOperation>& rand_augment_operations();

/// RandAugment (Cubuk et al. 2020): `count` operations, each drawn anew from all of them, at
/// strength `magnitude` / 10 in a random direction. Nothing is drawn for a count of 0.
void rand_augment(cv::Mat& image, std::int64_t count, double magnitude, Random& random);

}  // namespace transfer
