#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// Decodes a BMP with 1, 4, 8, 16, 24 or 32 bits per pixel, run-length encoded ones included; see
/// ImageFormat. Source: Microsoft, "Bitmap Storage" and the structures it names.
cv::Mat decode_bmp(const EncodedImage& image);

}  // namespace transfer
