#pragma once

#include <torch/types.h>

#include <vector>

namespace transfer {

/// What a threshold on a score makes of the images: those at or above it are said to be positive.
struct OperatingPoint {
  double threshold = 0;
  /// The share of the positive images that are found: recall, or the true positive rate.
  double recall = 0;
  double false_positive_rate = 0;
  double precision = 0;
};

/// A point for each different score in scores [N] (float32), from the highest down, by is_positive
/// [N] (bool); at most `most` of them, spread evenly, the last included. Empty without a positive
/// or without a negative image.
std::vector<OperatingPoint> operating_points(const torch::Tensor& scores,
                                             const torch::Tensor& is_positive,
                                             std::size_t most = 200);

}  // namespace transfer
