#pragma once

#include <opencv2/core/mat.hpp>

#include "datasets/formats/sample_values.h"
#include "datasets/formats/tiff_samples.h"

namespace transfer {

/// How grey, RGB or CMYK samples, or bands, are to be scaled to 8 bits. 16-bit numbers that a range
/// is given for need not be measured.
SampleTraits tiff_sample_traits(const EncodedImage& image, const TiffLayout& layout,
                                const cv::Mat& samples);

/// The range of such samples. Throws DataError where nothing says what is black and white.
SampleRange tiff_sample_range(const EncodedImage& image, const TiffLayout& layout,
                              const cv::Mat& samples);

/// Such samples → 8 bits with the same channels, 0 for black and for missing values.
cv::Mat tiff_samples_to_8_bit(const TiffLayout& layout, const cv::Mat& samples,
                              const SampleRange& range);

/// The largest number that samples of that layout hold; infinite for floats.
double largest_of_tiff_type(const TiffLayout& layout);

}  // namespace transfer
