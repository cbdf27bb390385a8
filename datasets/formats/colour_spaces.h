#pragma once

#include <opencv2/core/mat.hpp>
#include <opencv2/core/matx.hpp>

namespace transfer {

/// Inks of 8 bits, cyan, magenta, yellow and black (CV_8UC4), on white paper → RGB:
/// (1 − ink) · (1 − black).
cv::Mat cmyk_to_rgb(const cv::Mat& cmyk);

/// CIE L*a*b* in its own units (CV_32FC3: L 0–100, a and b about −128–127) of a paper or light
/// whose white is `white` (X, Y = 1, Z) → 8-bit sRGB. White becomes white: colours are adapted by
/// Bradford's method.
cv::Mat lab_to_rgb(const cv::Mat& lab, const cv::Vec3d& white);

}  // namespace transfer
