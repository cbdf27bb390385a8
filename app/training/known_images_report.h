#pragma once

#include <cstdint>

namespace transfer {

/// What a model keeps of its training images, see KnownImages, for those who read of the run.
struct KnownImagesReport {
  std::int64_t training_images = 0;
  std::int64_t neighbours = 0;
  double threshold = 0;
  /// Images that the threshold was chosen by, and the share of them that count as known.
  std::int64_t validation_images = 0;
  double validation_kept = 0;
  /// Spent on it, with a pass over images where one was needed.
  double seconds = 0;
};

}  // namespace transfer
