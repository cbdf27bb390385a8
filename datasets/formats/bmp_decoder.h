#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"
#include "datasets/formats/sample_values.h"

namespace transfer {

/// Decodes a BMP with 1, 4, 8, 16, 24 or 32 bits per pixel, run-length encoded ones included; see
/// ImageFormat. Source: Microsoft, "Bitmap Storage" and the structures it names.
/// Alpha that is 0 everywhere does not count.
cv::Mat decode_bmp(const EncodedImage& image);

/// See ImageFormat.
SampleTraits bmp_traits(const EncodedImage& image);
bool is_plain_bmp(std::string_view start);

}  // namespace transfer
