#include "datasets/rand_augment.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "datasets/colour.h"

namespace transfer {
namespace {

/// Largest changes, as in torchvision's RandAugment.
constexpr double kShear = 0.3;
constexpr double kTranslate = 150.0 / 331.0;
constexpr double kDegrees = 30.0;
constexpr double kFactor = 0.9;
constexpr int kPosterizedBits = 4;

void warp(cv::Mat& image, const cv::Mat& matrix) {
  cv::Mat moved;
  cv::warpAffine(image, moved, matrix, image.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  image = moved;
}

cv::Point2f centre_of(const cv::Mat& image) {
  return {static_cast<float>(image.cols - 1) / 2.0F, static_cast<float>(image.rows - 1) / 2.0F};
}

/// x += horizontal · (y − centre) and y += vertical · (x − centre).
void shear(cv::Mat& image, double horizontal, double vertical) {
  const cv::Point2f centre = centre_of(image);
  warp(image, (cv::Mat_<double>(2, 3) << 1, horizontal, -horizontal * centre.y, vertical, 1,
               -vertical * centre.x));
}

void translate(cv::Mat& image, double right, double down) {
  warp(image, (cv::Mat_<double>(2, 3) << 1, 0, right, 0, 1, down));
}

}  // namespace

const std::vector<ImageOperation>& rand_augment_operations() {
  static const std::vector<ImageOperation> operations = {
      {"identity", [](cv::Mat&, double) {}},
      {"autocontrast", [](cv::Mat& p, double) { stretch_contrast(p); }},
      {"equalize", [](cv::Mat& p, double) { equalize(p); }},
      {"rotate",
       [](cv::Mat& p, double s) {
         warp(p, cv::getRotationMatrix2D(centre_of(p), s * kDegrees, 1.0));
       }},
      {"solarize",
       [](cv::Mat& p, double s) {
         solarize(p, static_cast<int>(std::lround(256.0 * (1.0 - std::abs(s)))));
       }},
      {"posterize",
       [](cv::Mat& p, double s) {
         posterize(p, 8 - static_cast<int>(std::lround(kPosterizedBits * std::abs(s))));
       }},
      {"saturation", [](cv::Mat& p, double s) { scale_saturation(p, 1.0 + s * kFactor); }},
      {"contrast", [](cv::Mat& p, double s) { scale_contrast(p, 1.0 + s * kFactor); }},
      {"brightness", [](cv::Mat& p, double s) { scale_brightness(p, 1.0 + s * kFactor); }},
      {"sharpness", [](cv::Mat& p, double s) { scale_sharpness(p, 1.0 + s * kFactor); }},
      {"shear_x", [](cv::Mat& p, double s) { shear(p, s * kShear, 0.0); }},
      {"shear_y", [](cv::Mat& p, double s) { shear(p, 0.0, s * kShear); }},
      {"translate_x", [](cv::Mat& p, double s) { translate(p, s * kTranslate * p.cols, 0.0); }},
      {"translate_y", [](cv::Mat& p, double s) { translate(p, 0.0, s * kTranslate * p.rows); }},
  };
  return operations;
}

void rand_augment(cv::Mat& image, std::int64_t count, double magnitude, Random& random) {
  const auto& operations = rand_augment_operations();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& operation = operations[random.below(operations.size())];
    const double strength = magnitude / 10.0;
    operation.apply(image, random.chance(0.5) ? strength : -strength);
  }
}

}  // namespace transfer
