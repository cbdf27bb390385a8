#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "core/random.h"

namespace transfer {

/// One of RandAugment's operations on an 8-bit RGB picture, in place; the size stays.
struct PictureOperation {
  const char* name;
  /// `strength` −1 to 1: 0 is the weakest. The sign is the direction, where there is one.
  void (*apply)(cv::Mat& picture, double strength);
};

/// The 14 operations of the paper, with torchvision's ranges. What a move uncovers is filled with
/// the picture's mirror image, as in augment().
const std::vector<PictureOperation>& rand_augment_operations();

/// RandAugment (Cubuk et al. 2020): `count` operations, each drawn anew from all of them, at
/// strength `magnitude` / 10 in a random direction. Nothing is drawn for a count of 0.
void rand_augment(cv::Mat& picture, std::int64_t count, double magnitude, Random& random);

}  // namespace transfer
