#include "datasets/colour.h"

#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace transfer {
namespace {

/// Replaces every value v by change(v).
template <typename Change>
void map_values(cv::Mat& picture, Change change) {
  std::array<unsigned char, 256> table{};
  for (int value = 0; value < 256; ++value) {
    table[static_cast<std::size_t>(value)] = static_cast<unsigned char>(change(value));
  }
  cv::LUT(picture, cv::Mat(1, 256, CV_8U, table.data()), picture);
}

}  // namespace

cv::Mat grey_copy(const cv::Mat& picture) {
  cv::Mat grey;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  cv::cvtColor(grey, grey, cv::COLOR_GRAY2RGB);
  return grey;
}

void scale_brightness(cv::Mat& picture, double factor) { picture.convertTo(picture, -1, factor); }

void scale_contrast(cv::Mat& picture, double factor) {
  const double mean = cv::mean(grey_copy(picture))[0];
  picture.convertTo(picture, -1, factor, mean * (1.0 - factor));
}

void scale_saturation(cv::Mat& picture, double factor) {
  cv::addWeighted(picture, factor, grey_copy(picture), 1.0 - factor, 0.0, picture);
}

void scale_sharpness(cv::Mat& picture, double factor) {
  const cv::Mat kernel = (cv::Mat_<float>(3, 3) << 1, 1, 1, 1, 5, 1, 1, 1, 1) / 13.0F;
  cv::Mat smooth;
  cv::filter2D(picture, smooth, -1, kernel);
  cv::addWeighted(picture, factor, smooth, 1.0 - factor, 0.0, picture);
}

void shift_hue(cv::Mat& picture, double degrees) {
  cv::Mat hsv;
  cv::cvtColor(picture, hsv, cv::COLOR_RGB2HSV_FULL);
  const int shift = static_cast<int>(std::lround(degrees / 360.0 * 256.0));
  for (int y = 0; y < hsv.rows; ++y) {
    auto* row = hsv.ptr<cv::Vec3b>(y);
    for (int x = 0; x < hsv.cols; ++x) {
      row[x][0] = static_cast<unsigned char>((row[x][0] + shift) & 255);
    }
  }
  cv::cvtColor(hsv, picture, cv::COLOR_HSV2RGB_FULL);
}

void stretch_contrast(cv::Mat& picture) {
  std::vector<cv::Mat> channels;
  cv::split(picture, channels);
  for (cv::Mat& channel : channels) {
    double lowest = 0;
    double highest = 0;
    cv::minMaxLoc(channel, &lowest, &highest);
    if (highest <= lowest) continue;
    const double factor = 255.0 / (highest - lowest);
    channel.convertTo(channel, -1, factor, -lowest * factor);
  }
  cv::merge(channels, picture);
}

void equalize(cv::Mat& picture) {
  std::vector<cv::Mat> channels;
  cv::split(picture, channels);
  for (cv::Mat& channel : channels) cv::equalizeHist(channel, channel);
  cv::merge(channels, picture);
}

void solarize(cv::Mat& picture, int threshold) {
  map_values(picture, [threshold](int value) { return value >= threshold ? 255 - value : value; });
}

void posterize(cv::Mat& picture, int bits) {
  const int mask = 256 - (1 << (8 - bits));
  map_values(picture, [mask](int value) { return value & mask; });
}

}  // namespace transfer
