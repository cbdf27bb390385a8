#include "datasets/formats/colour_spaces.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

namespace transfer {
namespace {

/// X, Y and Z → the responses of Bradford's cones.
const cv::Matx33d kConesOfXyz(0.8951, 0.2664, -0.1614,  //
                              -0.7502, 1.7135, 0.0367,  //
                              0.0389, -0.0685, 1.0296);
/// IEC 61966-2-1: X, Y and Z of white D65 → linear red, green and blue.
const cv::Matx33d kRgbOfXyz(3.2404542, -1.5371385, -0.4985314,  //
                            -0.9692660, 1.8760108, 0.0415560,   //
                            0.0556434, -0.2040259, 1.0572252);
const cv::Vec3d kD65(0.95047, 1.0, 1.08883);

/// X, Y and Z of the given white → linear red, green and blue.
cv::Matx33d rgb_of_xyz(const cv::Vec3d& white) {
  const cv::Vec3d from = kConesOfXyz * white;
  const cv::Vec3d to = kConesOfXyz * kD65;
  const cv::Matx33d adapt =
      cv::Matx33d::diag(cv::Vec3d(to[0] / from[0], to[1] / from[1], to[2] / from[2]));
  return kRgbOfXyz * (kConesOfXyz.inv() * adapt * kConesOfXyz);
}

double inverse_of_lab(double t) {
  constexpr double kEdge = 6.0 / 29.0;
  return t > kEdge ? t * t * t : 3 * kEdge * kEdge * (t - 4.0 / 29.0);
}

unsigned char srgb_value(double linear) {
  linear = std::clamp(linear, 0.0, 1.0);
  const double value =
      linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
  return static_cast<unsigned char>(std::lround(255 * value));
}

}  // namespace

cv::Mat cmyk_to_rgb(const cv::Mat& cmyk) {
  cv::Mat rgb(cmyk.size(), CV_8UC3);
  for (int y = 0; y < cmyk.rows; ++y) {
    const auto* in = cmyk.ptr<cv::Vec4b>(y);
    auto* out = rgb.ptr<cv::Vec3b>(y);
    for (int x = 0; x < cmyk.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        out[x][c] = static_cast<unsigned char>(((255 - in[x][c]) * (255 - in[x][3]) + 127) / 255);
      }
    }
  }
  return rgb;
}

cv::Mat lab_to_rgb(const cv::Mat& lab, const cv::Vec3d& white) {
  const cv::Matx33d to_rgb = rgb_of_xyz(white);
  cv::Mat rgb(lab.size(), CV_8UC3);
  for (int y = 0; y < lab.rows; ++y) {
    const auto* in = lab.ptr<cv::Vec3f>(y);
    auto* out = rgb.ptr<cv::Vec3b>(y);
    for (int x = 0; x < lab.cols; ++x) {
      const double lightness = (in[x][0] + 16.0) / 116.0;
      const cv::Vec3d xyz(white[0] * inverse_of_lab(lightness + in[x][1] / 500.0),
                          white[1] * inverse_of_lab(lightness),
                          white[2] * inverse_of_lab(lightness - in[x][2] / 200.0));
      const cv::Vec3d linear = to_rgb * xyz;
      for (int c = 0; c < 3; ++c) out[x][c] = srgb_value(linear[c]);
    }
  }
  return rgb;
}

}  // namespace transfer
