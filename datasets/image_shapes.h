#pragma once

#include <cstdint>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// What the images of a list look like, by some of them.
struct ImageShapes {
  /// Images that were measured; broken ones are passed over.
  std::int64_t images = 0;
  /// Medians: the shorter side in pixels, and the longer side over the shorter one.
  double shorter_side = 0;
  double aspect_ratio = 1;
};

/// Decodes at most `most` of the samples, evenly spread. Throws Interrupted.
ImageShapes measure_shapes(const std::vector<Sample>& samples, std::int64_t most = 40);

/// The part of an image of that aspect ratio (longer side over the shorter one) that a centre crop
/// to a square keeps, where the shorter side is scaled to `resize` pixels and `side` of them
/// remain: (side / resize)² / ratio.
double kept_by_crop(double aspect_ratio, double side, double resize);

}  // namespace transfer
