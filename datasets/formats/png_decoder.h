#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"
#include "datasets/formats/sample_values.h"

namespace transfer {

/// Decodes a PNG, of an animated one the first image; see ImageFormat. Gamma and colour profiles
/// are ignored. 16-bit images follow `image.sample_range`.
cv::Mat decode_png(const EncodedImage& image);

/// See ImageFormat.
SampleTraits png_traits(const EncodedImage& image);
bool is_plain_png(std::string_view start);

}  // namespace transfer
