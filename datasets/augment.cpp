#include "datasets/augment.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/random.h"
#include "datasets/colour.h"
#include "datasets/planes.h"
#include "datasets/preprocess.h"
#include "datasets/rand_augment.h"

namespace transfer {
namespace {

double draw(Random& random, const Range& range) { return random.uniform(range[0], range[1]); }

/// A crop of random area and proportions (Szegedy et al. 2015), stretched to the input size.
cv::Mat random_resized_crop(const cv::Mat& image, const AugmentConfig& config,
                            const Preprocessing& p, Random& random) {
  constexpr int kTries = 10;
  const double area = static_cast<double>(image.cols) * image.rows;
  for (int i = 0; i < kTries; ++i) {
    const double wanted = area * draw(random, config.crop_area);
    const double ratio =
        std::exp(random.uniform(std::log(config.crop_ratio[0]), std::log(config.crop_ratio[1])));
    const int width = static_cast<int>(std::lround(std::sqrt(wanted * ratio)));
    const int height = static_cast<int>(std::lround(std::sqrt(wanted / ratio)));
    if (width < 1 || height < 1 || width > image.cols || height > image.rows) continue;
    const auto offset = [&random](int room) {
      return static_cast<int>(random.below(static_cast<std::uint64_t>(room) + 1));
    };
    const cv::Rect crop(offset(image.cols - width), offset(image.rows - height), width, height);
    return resize_to(image(crop), p.width, p.height, p.interpolation);
  }
  return resize_and_crop(image, p);
}

/// Rotation, translation and scale as one warp, so that pixels are interpolated once.
void move(cv::Mat& image, const AugmentConfig& config, Random& random) {
  const bool rotates = random.chance(config.rotate);
  const bool translates = random.chance(config.translate);
  const bool scales = random.chance(config.scale);
  if (!rotates && !translates && !scales) return;
  const double degrees = rotates ? draw(random, config.rotate_degrees) : 0.0;
  const double factor = scales ? draw(random, config.scale_factor) : 1.0;
  const cv::Point2f centre(static_cast<float>(image.cols - 1) / 2.0F,
                           static_cast<float>(image.rows - 1) / 2.0F);
  cv::Mat matrix = cv::getRotationMatrix2D(centre, degrees, factor);
  if (translates) {
    matrix.at<double>(0, 2) += draw(random, config.translate_fraction) * image.cols;
    matrix.at<double>(1, 2) += draw(random, config.translate_fraction) * image.rows;
  }
  change_planes(image, [&matrix](cv::Mat& plane) {
    cv::Mat moved;
    cv::warpAffine(plane, moved, matrix, plane.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
    plane = moved;
  });
}

void change_colours(cv::Mat& image, const AugmentConfig& config, Random& random) {
  if (random.chance(config.contrast)) {
    scale_contrast(image, draw(random, config.contrast_factor));
  }
  if (random.chance(config.saturation)) {
    scale_saturation(image, draw(random, config.saturation_factor));
  }
  if (random.chance(config.hue)) shift_hue(image, draw(random, config.hue_degrees));
  if (random.chance(config.greyscale)) image = grey_copy(image);
}

void blur(cv::Mat& image, const AugmentConfig& config, Random& random) {
  if (!random.chance(config.blur)) return;
  const double sigma = draw(random, config.blur_sigma);
  change_planes(image,
                [sigma](cv::Mat& plane) { cv::GaussianBlur(plane, plane, cv::Size(), sigma); });
}

/// Fills a random rectangle with the image's mean colour (Zhong et al. 2020).
void erase(cv::Mat& image, const AugmentConfig& config, Random& random) {
  if (!random.chance(config.erase)) return;
  const double area = draw(random, config.erase_area) * image.cols * image.rows;
  const double ratio = std::exp(random.uniform(std::log(0.3), std::log(1.0 / 0.3)));
  const int width = std::min(static_cast<int>(std::sqrt(area * ratio)), image.cols);
  const int height = std::min(static_cast<int>(std::sqrt(area / ratio)), image.rows);
  if (width < 1 || height < 1) return;
  const auto x = random.below(static_cast<std::uint64_t>(image.cols - width) + 1);
  const auto y = random.below(static_cast<std::uint64_t>(image.rows - height) + 1);
  const cv::Rect place(static_cast<int>(x), static_cast<int>(y), width, height);
  change_planes(image, [&place](cv::Mat& plane) { plane(place) = cv::mean(plane); });
}

}  // namespace

cv::Mat augment(const cv::Mat& original, const AugmentConfig& config, const Preprocessing& p,
                std::uint64_t seed) {
  Random random(seed);
  cv::Mat image = random.chance(config.crop) ? random_resized_crop(original, config, p, random)
                                             : resize_and_crop(original, p);
  image = image.clone();
  if (random.chance(config.flip_horizontal)) cv::flip(image, image, 1);
  if (random.chance(config.flip_vertical)) cv::flip(image, image, 0);
  move(image, config, random);
  if (random.chance(config.brightness)) {
    scale_brightness(image, draw(random, config.brightness_factor));
  }
  if (reads_colours(p)) change_colours(image, config, random);
  blur(image, config, random);
  if (reads_colours(p)) {
    rand_augment(image, config.randaugment, config.randaugment_magnitude, random);
  }
  erase(image, config, random);
  return image;
}

}  // namespace transfer
