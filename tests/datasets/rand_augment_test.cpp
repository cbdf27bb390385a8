#include "datasets/rand_augment.h"

#include <gtest/gtest.h>

#include <set>

#include "datasets/augment.h"
#include "datasets/colour.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

double difference(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

const ImageOperation& operation(const std::string& name) {
  for (const auto& candidate : rand_augment_operations()) {
    if (name == candidate.name) return candidate;
  }
  throw std::runtime_error("no operation " + name);
}

/// The operation on one row of grey values, as grey values again.
std::vector<int> on_row(const std::string& name, double strength, const std::vector<int>& values) {
  cv::Mat image(1, static_cast<int>(values.size()), CV_8UC3);
  for (int x = 0; x < image.cols; ++x) {
    const int value = values[static_cast<std::size_t>(x)];
    image.at<cv::Vec3b>(0, x) = cv::Vec3b::all(static_cast<unsigned char>(value));
  }
  operation(name).apply(image, strength);
  std::vector<int> result;
  result.reserve(values.size());
  for (int x = 0; x < image.cols; ++x) result.push_back(image.at<cv::Vec3b>(0, x)[0]);
  return result;
}

using Row = std::vector<int>;

TEST(RandAugment, EveryOperationKeepsSizeAndType) {
  EXPECT_EQ(rand_augment_operations().size(), 14U);
  for (const auto& [width, height] : {std::pair{1, 1}, {2, 7}, {64, 48}}) {
    for (const auto& candidate : rand_augment_operations()) {
      for (const double strength : {-1.0, -0.3, 0.0, 0.7, 1.0}) {
        cv::Mat image = gradient(width, height);
        candidate.apply(image, strength);
        ASSERT_EQ(image.size(), cv::Size(width, height)) << candidate.name;
        ASSERT_EQ(image.type(), CV_8UC3) << candidate.name;
      }
    }
  }
}

TEST(RandAugment, NoStrengthIsNoChangeExceptToTheHistogram) {
  const cv::Mat plain = gradient(60, 40);
  for (const auto& candidate : rand_augment_operations()) {
    const std::string name = candidate.name;
    if (name == "autocontrast" || name == "equalize") continue;
    cv::Mat image = plain.clone();
    candidate.apply(image, 0.0);
    EXPECT_LE(difference(image, plain), 1) << name;
  }
}

TEST(RandAugment, HandComputedValues) {
  EXPECT_EQ(on_row("autocontrast", 1, {50, 100, 130}), (Row{0, 159, 255}));
  EXPECT_EQ(on_row("autocontrast", 1, {50, 50}), (Row{50, 50}));
  EXPECT_EQ(on_row("solarize", 0.5, {0, 127, 128, 255}), (Row{0, 127, 127, 0}));
  EXPECT_EQ(on_row("posterize", 1, {15, 16, 255}), (Row{0, 16, 240}));
  EXPECT_EQ(on_row("brightness", -0.5, {100, 200}), (Row{55, 110}));
  EXPECT_EQ(on_row("brightness", 1, {100, 200}), (Row{190, 255}));
  // The mean is 100; values keep a tenth of their distance from it.
  EXPECT_EQ(on_row("contrast", -1, {0, 200}), (Row{90, 110}));
  EXPECT_EQ(on_row("saturation", -1, {10, 200}), (Row{10, 200})) << "grey has no saturation";
}

TEST(RandAugment, MovesShiftAndMirrorAtTheEdge) {
  // One whole pixel: strength · 150/331 · 5 columns.
  const double one = 331.0 / 150.0 / 5.0;
  EXPECT_EQ(on_row("translate_x", one, {10, 20, 30, 40, 50}), (Row{20, 10, 20, 30, 40}));
  EXPECT_EQ(on_row("translate_x", -one, {10, 20, 30, 40, 50}), (Row{20, 30, 40, 50, 40}));
  EXPECT_EQ(on_row("shear_x", 1, {10, 20, 30}), (Row{10, 20, 30})) << "the middle row stays";
}

TEST(RandAugment, SharpeningMovesAwayFromTheNeighbourhood) {
  cv::Mat image(5, 5, CV_8UC3, cv::Scalar::all(100));
  image.at<cv::Vec3b>(2, 2) = cv::Vec3b::all(113);
  // The smoothed middle is (8 · 100 + 5 · 113) / 13 = 105; its distance of 8 grows by 0.9.
  operation("sharpness").apply(image, 1.0);
  EXPECT_EQ(image.at<cv::Vec3b>(2, 2)[0], 120);
  EXPECT_EQ(image.at<cv::Vec3b>(0, 4)[0], 100);
}

TEST(RandAugment, TheSeedDecidesEverything) {
  int different = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto changed = [](std::uint64_t from) {
      cv::Mat image = gradient(64, 64);
      Random random(from);
      rand_augment(image, 3, 8, random);
      return image;
    };
    EXPECT_EQ(difference(changed(seed), changed(seed)), 0);
    different += difference(changed(seed), changed(seed + 100)) > 0 ? 1 : 0;
  }
  EXPECT_GE(different, 18);
}

TEST(RandAugment, NoOperationsDrawNothing) {
  cv::Mat image = gradient(64, 64);
  Random random(7);
  rand_augment(image, 0, 10, random);
  EXPECT_EQ(difference(image, gradient(64, 64)), 0);
  EXPECT_EQ(random.next(), Random(7).next());
}

TEST(RandAugment, AugmentUsesIt) {
  AugmentConfig config;
  const Preprocessing p;
  const cv::Mat plain = augment(gradient(224, 224), config, p, 1);
  config.randaugment = 4;
  config.randaugment_magnitude = 10;
  EXPECT_GT(difference(augment(gradient(224, 224), config, p, 1), plain), 0);
}

TEST(Colour, EqualizedHistogramsSpreadOut) {
  cv::Mat image = gradient(64, 64) / 4;
  equalize(image);
  double highest = 0;
  cv::minMaxLoc(image.reshape(1), nullptr, &highest);
  EXPECT_EQ(highest, 255);
}

TEST(Colour, AFullTurnOfTheHueIsNoChange) {
  cv::Mat once(8, 8, CV_8UC3, cv::Scalar(200, 40, 90));
  cv::Mat turned = once.clone();
  shift_hue(once, 0);
  shift_hue(turned, 360);
  EXPECT_EQ(difference(once, turned), 0);
}

}  // namespace
}  // namespace transfer
