#include "datasets/colour.h"

#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace transfer {
namespace {

/// Replaces every value v by change(v).
template <typename Change>
void map_values(cv::Mat& image, Change change) {
  std::array<unsigned char, 256> table{};
  for (int value = 0; value < 256; ++value) {
    table[static_cast<std::size_t>(value)] = static_cast<unsigned char>(change(value));
  }
  cv::LUT(image, cv::Mat(1, 256, CV_8U, table.data()), image);
}

}  // namespace

cv::Mat grey_copy(const cv::Mat& image) {
  cv::Mat grey;
  cv::cvtColor(image, grey, cv::COLOR_RGB2GRAY);
  cv::cvtColor(grey, grey, cv::COLOR_GRAY2RGB);
  return grey;
}

void scale_brightness(cv::Mat& image, double factor) { image.convertTo(image, -1, factor); }

void scale_contrast(cv::Mat& image, double factor) {
  const double mean = cv::mean(grey_copy(image))[0];
  image.convertTo(image, -1, factor, mean * (1.0 - factor));
}

void scale_saturation(cv::Mat& image, double factor) {
  cv::addWeighted(image, factor, grey_copy(image), 1.0 - factor, 0.0, image);
}

void scale_sharpness(cv::Mat& image, double factor) {
  const cv::Mat kernel = (cv::Mat_<float>(3, 3) << 1, 1, 1, 1, 5, 1, 1, 1, 1) / 13.0F;
  cv::Mat smooth;
  cv::filter2D(image, smooth, -1, kernel);
  cv::addWeighted(image, factor, smooth, 1.0 - factor, 0.0, image);
}

void shift_hue(cv::Mat& image, double degrees) {
  cv::Mat hsv;
  cv::cvtColor(image, hsv, cv::COLOR_RGB2HSV_FULL);
  const int shift = static_cast<int>(std::lround(degrees / 360.0 * 256.0));
  for (int y = 0; y < hsv.rows; ++y) {
    auto* row = hsv.ptr<cv::Vec3b>(y);
    for (int x = 0; x < hsv.cols; ++x) {
      row[x][0] = static_cast<unsigned char>((row[x][0] + shift) & 255);
    }
  }
  cv::cvtColor(hsv, image, cv::COLOR_HSV2RGB_FULL);
}

void stretch_contrast(cv::Mat& image) {
  std::vector<cv::Mat> channels;
  cv::split(image, channels);
  for (cv::Mat& channel : channels) {
    double lowest = 0;
    double highest = 0;
    cv::minMaxLoc(channel, &lowest, &highest);
    if (highest <= lowest) continue;
    const double factor = 255.0 / (highest - lowest);
    channel.convertTo(channel, -1, factor, -lowest * factor);
  }
  cv::merge(channels, image);
}

void equalize(cv::Mat& image) {
  std::vector<cv::Mat> channels;
  cv::split(image, channels);
  for (cv::Mat& channel : channels) cv::equalizeHist(channel, channel);
  cv::merge(channels, image);
}

void solarize(cv::Mat& image, int threshold) {
  map_values(image, [threshold](int value) { return value >= threshold ? 255 - value : value; });
}

void posterize(cv::Mat& image, int bits) {
  const int mask = 256 - (1 << (8 - bits));
  map_values(image, [mask](int value) { return value & mask; });
}

}  // namespace transfer
