#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// Decodes the first image of a TIFF or BigTIFF, in strips or tiles, with any compression of
/// libtiff's but JBIG; see ImageFormat. Floats count as 0 to 1, and signed whole numbers are
/// stretched from the image's lowest value to its highest. A file that is damaged or ends early is
/// broken.
cv::Mat decode_tiff(const EncodedImage& image);

}  // namespace transfer
