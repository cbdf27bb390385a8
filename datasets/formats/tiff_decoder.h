#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"
#include "datasets/formats/sample_values.h"

namespace transfer {

/// Decodes the first image of full size of a TIFF or BigTIFF, in strips or tiles, with any
/// compression of libtiff's but JBIG; see ImageFormat. 16-bit numbers without a tag that says how
/// many bits count, floats, signed and 32-bit numbers follow `image.sample_range`. Samples that
/// ExtraSamples does not call alpha are ignored. A file that is damaged or ends early is broken.
cv::Mat decode_tiff(const EncodedImage& image);

/// See ImageFormat.
SampleTraits tiff_traits(const EncodedImage& image);

}  // namespace transfer
