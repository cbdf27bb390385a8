#include "datasets/preprocess.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "datasets/planes.h"

namespace transfer {
namespace {

int growing_method(Interpolation interpolation) {
  return interpolation == Interpolation::kBicubic ? cv::INTER_CUBIC : cv::INTER_LINEAR;
}

int rounded(double pixels) {
  return static_cast<int>(std::max<std::int64_t>(std::llround(pixels), 1));
}

/// The smallest size that an image is resized to before the crop, as (width, height).
cv::Size2d box_to_cover(const Preprocessing& p) {
  const auto side = static_cast<double>(p.resize);
  if (p.resize_rule == ResizeRule::kShorterSide) return {side, side};
  const double factor = side / static_cast<double>(std::min(p.height, p.width));
  return {static_cast<double>(p.width) * factor, static_cast<double>(p.height) * factor};
}

cv::Mat cover_and_crop(const cv::Mat& image, const Preprocessing& p) {
  // Of a very long image only the part that survives the crop is resized: the whole would become
  // very large.
  const cv::Size2d box = box_to_cover(p);
  const double scale = std::max(box.width / image.cols, box.height / image.rows);
  const double kept_width = static_cast<double>(p.width) / scale;
  const double kept_height = static_cast<double>(p.height) / scale;
  if (std::max(image.cols, image.rows) * scale > 8.0 * std::max(box.width, box.height)) {
    const int width = std::clamp(static_cast<int>(std::lround(kept_width)), 1, image.cols);
    const int height = std::clamp(static_cast<int>(std::lround(kept_height)), 1, image.rows);
    const cv::Rect centre((image.cols - width) / 2, (image.rows - height) / 2, width, height);
    return resize_to(image(centre), p.width, p.height, p.interpolation);
  }
  const cv::Mat resized =
      resize_to(image, rounded(image.cols * scale), rounded(image.rows * scale), p.interpolation);
  const cv::Rect crop((resized.cols - static_cast<int>(p.width)) / 2,
                      (resized.rows - static_cast<int>(p.height)) / 2, static_cast<int>(p.width),
                      static_cast<int>(p.height));
  return resized(crop);
}

cv::Mat fit_and_pad(const cv::Mat& image, const Preprocessing& p) {
  const auto height = static_cast<int>(p.height);
  const auto width = static_cast<int>(p.width);
  const double scale =
      std::min(static_cast<double>(width) / image.cols, static_cast<double>(height) / image.rows);
  const cv::Mat fitted = resize_to(image, std::min(rounded(image.cols * scale), width),
                                   std::min(rounded(image.rows * scale), height), p.interpolation);
  cv::Mat padded = cv::Mat::zeros(height, width, image.type());
  fitted.copyTo(padded(
      cv::Rect((width - fitted.cols) / 2, (height - fitted.rows) / 2, fitted.cols, fitted.rows)));
  return padded;
}

}  // namespace

cv::Mat resize_to(const cv::Mat& image, std::int64_t width, std::int64_t height,
                  Interpolation interpolation) {
  const cv::Size size(static_cast<int>(width), static_cast<int>(height));
  if (image.size() == size) return image;
  const bool shrinks = size.width <= image.cols && size.height <= image.rows;
  const int method = shrinks ? cv::INTER_AREA : growing_method(interpolation);
  cv::Mat resized = image;
  change_planes(resized, [&](cv::Mat& plane) {
    cv::Mat result;
    cv::resize(plane, result, size, 0, 0, method);
    plane = result;
  });
  return resized;
}

std::int64_t shorter_side_seen(const Preprocessing& p) {
  switch (p.resize_rule) {
    case ResizeRule::kStretch:
    case ResizeRule::kPad: return std::max(p.height, p.width);
    case ResizeRule::kShorterSide:
    case ResizeRule::kCover: break;
  }
  const cv::Size2d box = box_to_cover(p);
  return std::llround(std::max(box.width, box.height));
}

cv::Mat resize_and_crop(const cv::Mat& image, const Preprocessing& p) {
  switch (p.resize_rule) {
    case ResizeRule::kStretch: return resize_to(image, p.width, p.height, p.interpolation);
    case ResizeRule::kPad: return fit_and_pad(image, p);
    case ResizeRule::kShorterSide:
    case ResizeRule::kCover: break;
  }
  return cover_and_crop(image, p);
}

void write_normalized(const cv::Mat& image, const Preprocessing& p, float* out) {
  const auto channels = static_cast<std::size_t>(p.channels);
  const float range = p.scale == PixelScale::kOne ? 255.0F : 1.0F;
  std::vector<float> scale(channels);
  std::vector<float> shift(channels);
  std::vector<std::size_t> source(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    scale[c] = 1.0F / (range * p.std[c]);
    shift[c] = -p.mean[c] / p.std[c];
    source[c] = p.order == ChannelOrder::kBgr ? channels - 1 - c : c;
  }
  for (int y = 0; y < image.rows; ++y) {
    const auto* pixel = image.ptr(y);
    for (int x = 0; x < image.cols; ++x, pixel += image.channels()) {
      if (channels == 1) {
        const float luma = 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
        *out++ = luma * scale[0] + shift[0];
        continue;
      }
      for (std::size_t c = 0; c < channels; ++c) {
        *out++ = static_cast<float>(pixel[source[c]]) * scale[c] + shift[c];
      }
    }
  }
}

cv::Mat shown_colours(const cv::Mat& image, const Preprocessing& p) {
  if (p.channels == 3) return image;
  cv::Mat shown;
  if (p.channels == 1) {
    cv::cvtColor(image, shown, cv::COLOR_RGB2GRAY);
  } else if (p.channels == 2) {
    cv::extractChannel(image, shown, 0);
  } else {
    cv::Mat colours(image.size(), CV_8UC3);
    cv::mixChannels(image, colours, {0, 0, 1, 1, 2, 2});
    return colours;
  }
  cv::cvtColor(shown, shown, cv::COLOR_GRAY2RGB);
  return shown;
}

}  // namespace transfer
