#include "datasets/preprocess.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace transfer {
namespace {

int growing_method(Interpolation interpolation) {
  return interpolation == Interpolation::kBicubic ? cv::INTER_CUBIC : cv::INTER_LINEAR;
}

}  // namespace

cv::Mat resize_to(const cv::Mat& rgb, std::int64_t width, std::int64_t height,
                  Interpolation interpolation) {
  const cv::Size size(static_cast<int>(width), static_cast<int>(height));
  if (rgb.size() == size) return rgb;
  const bool shrinks = size.width <= rgb.cols && size.height <= rgb.rows;
  cv::Mat resized;
  cv::resize(rgb, resized, size, 0, 0, shrinks ? cv::INTER_AREA : growing_method(interpolation));
  return resized;
}

cv::Mat resize_and_crop(const cv::Mat& rgb, const Preprocessing& p) {
  if (p.resize_rule == ResizeRule::kStretch) {
    return resize_to(rgb, p.width, p.height, p.interpolation);
  }
  // Of a very long image only the part that survives the crop is resized: the whole would become
  // very large.
  const double scale = static_cast<double>(p.resize) / std::min(rgb.cols, rgb.rows);
  const double kept_width = static_cast<double>(p.width) / scale;
  const double kept_height = static_cast<double>(p.height) / scale;
  if (std::max(rgb.cols, rgb.rows) * scale > 8.0 * static_cast<double>(p.resize)) {
    const int width = std::clamp(static_cast<int>(std::lround(kept_width)), 1, rgb.cols);
    const int height = std::clamp(static_cast<int>(std::lround(kept_height)), 1, rgb.rows);
    const cv::Rect centre((rgb.cols - width) / 2, (rgb.rows - height) / 2, width, height);
    return resize_to(rgb(centre), p.width, p.height, p.interpolation);
  }
  const auto side = [&](int pixels) {
    return std::max<std::int64_t>(std::llround(pixels * scale), 1);
  };
  const cv::Mat resized = resize_to(rgb, side(rgb.cols), side(rgb.rows), p.interpolation);
  const cv::Rect crop((resized.cols - static_cast<int>(p.width)) / 2,
                      (resized.rows - static_cast<int>(p.height)) / 2, static_cast<int>(p.width),
                      static_cast<int>(p.height));
  return resized(crop);
}

void write_normalized(const cv::Mat& rgb, const Preprocessing& p, float* out) {
  std::array<float, 3> scale{};
  std::array<float, 3> shift{};
  for (std::size_t c = 0; c < 3; ++c) {
    scale[c] = 1.0F / (255.0F * p.std[c]);
    shift[c] = -p.mean[c] / p.std[c];
  }
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* row = rgb.ptr<cv::Vec3b>(y);
    for (int x = 0; x < rgb.cols; ++x) {
      if (p.channels == 1) {
        const float luma = 0.299F * row[x][0] + 0.587F * row[x][1] + 0.114F * row[x][2];
        *out++ = luma * scale[0] + shift[0];
        continue;
      }
      for (int c = 0; c < 3; ++c) {
        const auto channel = static_cast<std::size_t>(c);
        *out++ = static_cast<float>(row[x][c]) * scale[channel] + shift[channel];
      }
    }
  }
}

}  // namespace transfer
