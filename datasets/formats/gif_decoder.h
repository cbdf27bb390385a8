#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"
#include "datasets/formats/sample_values.h"

namespace transfer {

/// Decodes the first image of a GIF on a white canvas; see ImageFormat. Source: CompuServe,
/// "Graphics Interchange Format, Version 89a".
cv::Mat decode_gif(const EncodedImage& image);

/// See ImageFormat.
SampleTraits gif_traits(const EncodedImage& image);

}  // namespace transfer
