#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// Decodes a TIFF or BigTIFF for a network that reads `bands` channels: the samples of its first
/// image if it has that many, else those of all pages of full resolution together, in their order;
/// they must have the same size. Samples are unsigned with 8 to 16 bits, or floats from 0 to 1;
/// nothing is taken for alpha. Throws DataError for another number of bands, palettes, YCbCr and
/// other colours that need conversion, and damage.
cv::Mat decode_tiff_bands(const EncodedImage& image, int bands);

}  // namespace transfer
