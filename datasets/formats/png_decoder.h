#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// Decodes a PNG, of an animated one the first image; see ImageFormat. Gamma and colour profiles
/// are ignored, and so is a transparent colour of a grey image.
cv::Mat decode_png(const EncodedImage& image);

}  // namespace transfer
