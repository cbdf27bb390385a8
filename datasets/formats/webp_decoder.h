#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"
#include "datasets/formats/sample_values.h"

namespace transfer {

/// Decodes a WebP, of an animated one the first frame on a white canvas; see ImageFormat.
cv::Mat decode_webp(const EncodedImage& image);

/// See ImageFormat.
SampleTraits webp_traits(const EncodedImage& image);
bool is_plain_webp(std::string_view start);

}  // namespace transfer
