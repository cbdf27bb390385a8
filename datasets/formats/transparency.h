#pragma once

#include <opencv2/core/mat.hpp>

namespace transfer {

/// Blends 8-bit RGBA (CV_8UC4) on a white ground: colour · alpha + 255 · (1 − alpha).
cv::Mat blend_on_white(const cv::Mat& rgba);

/// Likewise, where the colours are already multiplied by alpha: colour + 255 · (1 − alpha).
cv::Mat blend_premultiplied_on_white(const cv::Mat& rgba);

/// Whether an image of any depth has an alpha channel, as the fourth, that is 0 everywhere.
bool is_transparent(const cv::Mat& pixels);

}  // namespace transfer
