#include "app/report/heat_overlay.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "datasets/colour.h"
#include "datasets/decode.h"
#include "datasets/decode_bytes.h"
#include "datasets/jpeg_writer.h"
#include "datasets/png_writer.h"
#include "datasets/preprocess.h"

namespace transfer {
namespace {

/// The map as large as the image, 0 to 1. Maps are coarse, so it is interpolated between the
/// middles of its cells.
cv::Mat scaled_map(const torch::Tensor& map, cv::Size size) {
  const auto values = map.to(torch::kFloat).contiguous();
  const cv::Mat cells(static_cast<int>(values.size(0)), static_cast<int>(values.size(1)), CV_32F,
                      values.data_ptr<float>());
  double largest = 0;
  cv::minMaxLoc(cells, nullptr, &largest);
  cv::Mat scaled;
  cv::resize(cells / std::max(largest, 1e-30), scaled, size, 0, 0, cv::INTER_CUBIC);
  return cv::min(cv::max(scaled, 0.0), 1.0);
}

/// A decoded image as the network sees it, at least `side` pixels on its longer side.
cv::Mat seen_pixels(const cv::Mat& decoded, const Preprocessing& preprocessing, int side) {
  const cv::Mat seen = shown_colours(resize_and_crop(decoded, preprocessing), preprocessing);
  const double factor = static_cast<double>(side) / std::max(seen.cols, seen.rows);
  if (factor <= 1) return seen;
  cv::Mat shown;
  cv::resize(seen, shown, {}, factor, factor, factor > 3 ? cv::INTER_NEAREST : cv::INTER_LINEAR);
  return shown;
}

}  // namespace

cv::Mat seen_image(const Sample& sample, const Preprocessing& preprocessing, int side) {
  return seen_pixels(decode_for(sample, preprocessing), preprocessing, side);
}

std::string overlay_jpeg(std::string_view bytes, const std::string& name, const torch::Tensor& map,
                         const Preprocessing& preprocessing, std::int64_t max_bytes, int side) {
  constexpr int kQuality = 88;
  const cv::Mat decoded = decode_bytes_for(bytes, name, preprocessing, max_bytes);
  return jpeg_bytes(heat_overlay(seen_pixels(decoded, preprocessing, side), map), kQuality);
}

cv::Mat heat_overlay(const cv::Mat& image, const torch::Tensor& map) {
  const cv::Mat heat = scaled_map(map, image.size());
  cv::Mat levels;
  heat.convertTo(levels, CV_8U, 255);
  cv::Mat colours;
  cv::applyColorMap(levels, colours, cv::COLORMAP_TURBO);
  cv::cvtColor(colours, colours, cv::COLOR_BGR2RGB);
  cv::Mat grey;
  cv::cvtColor(image, grey, cv::COLOR_RGB2GRAY);
  cv::cvtColor(grey, grey, cv::COLOR_GRAY2RGB);
  cv::Mat shown(image.size(), CV_8UC3);
  constexpr float kStrongest = 0.65F;
  for (int y = 0; y < shown.rows; ++y) {
    for (int x = 0; x < shown.cols; ++x) {
      const float share = kStrongest * heat.at<float>(y, x);
      const auto& under = grey.at<cv::Vec3b>(y, x);
      const auto& over = colours.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) {
        shown.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<unsigned char>(
            (1 - share) * static_cast<float>(under[c]) + share * static_cast<float>(over[c]));
      }
    }
  }
  return shown;
}

void write_overlay_picture(const Sample& sample, const torch::Tensor& map, const Preprocessing& p,
                           const std::filesystem::path& file) {
  constexpr int kSide = 320;
  constexpr int kSpace = 8;
  const cv::Mat image = seen_image(sample, p, kSide);
  const cv::Mat space(image.rows, kSpace, CV_8UC3, cv::Scalar::all(255));
  cv::Mat picture;
  cv::hconcat(std::vector<cv::Mat>{image, space, heat_overlay(image, map)}, picture);
  write_png(picture, file);
}

}  // namespace transfer
