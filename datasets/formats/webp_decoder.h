#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// Decodes a WebP; see ImageFormat. An animated one is refused.
cv::Mat decode_webp(const EncodedImage& image);

}  // namespace transfer
