#include "datasets/formats/transparency.h"

#include <algorithm>
#include <opencv2/core.hpp>

namespace transfer {
namespace {

/// Calls blend(colour, alpha), both 0–255, for every colour of every pixel.
template <typename Blend>
cv::Mat map_colours(const cv::Mat& rgba, Blend blend) {
  cv::Mat rgb(rgba.size(), CV_8UC3);
  for (int y = 0; y < rgba.rows; ++y) {
    const auto* in = rgba.ptr<cv::Vec4b>(y);
    auto* out = rgb.ptr<cv::Vec3b>(y);
    for (int x = 0; x < rgba.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        out[x][c] = static_cast<unsigned char>(blend(in[x][c], in[x][3]));
      }
    }
  }
  return rgb;
}

}  // namespace

bool is_transparent(const cv::Mat& pixels) {
  if (pixels.channels() != 4) return false;
  cv::Mat alpha;
  cv::extractChannel(pixels, alpha, 3);
  return cv::countNonZero(alpha) == 0;
}

cv::Mat blend_on_white(const cv::Mat& rgba) {
  return map_colours(rgba, [](int colour, int alpha) {
    return (colour * alpha + 255 * (255 - alpha) + 127) / 255;
  });
}

cv::Mat blend_premultiplied_on_white(const cv::Mat& rgba) {
  return map_colours(rgba,
                     [](int colour, int alpha) { return std::min(colour + 255 - alpha, 255); });
}

}  // namespace transfer
