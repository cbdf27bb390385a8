#pragma once

#include <opencv2/core/mat.hpp>

namespace transfer {

/// Blends 8-bit RGBA (CV_8UC4) on a white ground: colour · alpha + 255 · (1 − alpha).
cv::Mat blend_on_white(const cv::Mat& rgba);

/// Likewise, where the colours are already multiplied by alpha: colour + 255 · (1 − alpha).
cv::Mat blend_premultiplied_on_white(const cv::Mat& rgba);

}  // namespace transfer
