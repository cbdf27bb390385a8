#pragma once

#include <opencv2/core/mat.hpp>

#include "core/preprocessing.h"

namespace transfer {

/// Resizes by the rule and takes the centre crop: 8-bit RGB of any size → 8-bit RGB of the
/// network's input size. Shrinking averages over areas; growing uses the interpolation of
/// `preprocessing`.
cv::Mat resize_and_crop(const cv::Mat& rgb, const Preprocessing& preprocessing);

/// Resizes to exactly `width` × `height`, with the interpolation that resize_and_crop would use.
cv::Mat resize_to(const cv::Mat& rgb, std::int64_t width, std::int64_t height,
                  Interpolation interpolation);

/// Writes an 8-bit RGB image of the input size as normalised floats in the order [H,W,C], the order
/// of one image in a channels-last batch. A backbone with one channel gets the luma of ITU-R
/// BT.601. `out` must hold height · width · channels floats.
void write_normalized(const cv::Mat& rgb, const Preprocessing& preprocessing, float* out);

}  // namespace transfer
