#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/sample_values.h"
#include "datasets/formats/tiff_samples.h"

namespace transfer {

/// How grey or RGB samples, or bands, are to be scaled to 8 bits. Those that the whole range of 16
/// bits is given for need not be measured: it holds them all.
SampleTraits tiff_sample_traits(const EncodedImage& image, const TiffLayout& layout,
                                const cv::Mat& samples);

/// Grey or RGB samples, or bands → 8 bits with the same channels, 0 for black. Throws DataError
/// where nothing says what is black and white.
cv::Mat tiff_samples_to_8_bit(const EncodedImage& image, const TiffLayout& layout,
                              const cv::Mat& samples);

}  // namespace transfer
