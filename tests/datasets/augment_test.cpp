#include "datasets/augment.h"

#include <gtest/gtest.h>

#include "datasets/preprocess.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

AugmentConfig everything() {
  AugmentConfig config;
  config.crop = config.flip_horizontal = config.flip_vertical = config.rotate = config.translate =
      config.scale = config.brightness = config.contrast = config.saturation = config.hue =
          config.greyscale = config.blur = config.erase = 0.5;
  config.randaugment = 2;
  return config;
}

TEST(Augment, NothingToDoIsExactlyThePlainImage) {
  const cv::Mat image = gradient(300, 400);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    EXPECT_TRUE(same(augment(image, AugmentConfig(), Preprocessing(), seed),
                     resize_and_crop(image, Preprocessing())));
  }
}

TEST(Augment, TheSeedDecidesEverything) {
  const cv::Mat image = gradient(300, 400);
  int different = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const cv::Mat once = augment(image, everything(), Preprocessing(), seed);
    EXPECT_TRUE(same(once, augment(image, everything(), Preprocessing(), seed)));
    different += !same(once, augment(image, everything(), Preprocessing(), seed + 1000));
  }
  EXPECT_GE(different, 18);
}

TEST(Augment, AlwaysGivesTheInputSizeAndLeavesTheSourceAlone) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, std::pair{7, 3}, std::pair{224, 224}, std::pair{900, 30}}) {
    const cv::Mat image = gradient(width, height);
    const cv::Mat before = image.clone();
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      const cv::Mat result = augment(image, everything(), Preprocessing(), seed);
      ASSERT_EQ(result.size(), cv::Size(224, 224));
      ASSERT_EQ(result.type(), CV_8UC3);
    }
    EXPECT_TRUE(same(image, before));
  }
}

TEST(Augment, FlipsMirror) {
  const cv::Mat image = gradient(224, 224);
  Preprocessing p;
  p.resize = 224;
  cv::Mat expected;
  AugmentConfig config;
  config.flip_horizontal = 1;
  cv::flip(image, expected, 1);
  EXPECT_TRUE(same(augment(image, config, p, 0), expected));
  config.flip_horizontal = 0;
  config.flip_vertical = 1;
  cv::flip(image, expected, 0);
  EXPECT_TRUE(same(augment(image, config, p, 0), expected));
}

TEST(Augment, NeutralRangesChangeNothing) {
  AugmentConfig config;
  config.rotate = config.translate = config.scale = 1;
  config.brightness = config.contrast = config.saturation = 1;
  config.rotate_degrees = config.translate_fraction = {0, 0};
  config.scale_factor = config.brightness_factor = config.contrast_factor =
      config.saturation_factor = {1, 1};
  const cv::Mat image = gradient(300, 300);
  EXPECT_LE(cv::norm(augment(image, config, Preprocessing(), 3),
                     resize_and_crop(image, Preprocessing()), cv::NORM_INF),
            1);
}

TEST(Augment, GreyscaleHasEqualChannelsAndBrightnessScales) {
  const Preprocessing p;
  AugmentConfig config;
  config.greyscale = 1;
  const cv::Vec3b grey = augment(gradient(256, 256), config, p, 0).at<cv::Vec3b>(100, 50);
  EXPECT_EQ(grey[0], grey[1]);
  EXPECT_EQ(grey[1], grey[2]);
  config = AugmentConfig();
  config.brightness = 1;
  config.brightness_factor = {0.5, 0.5};
  const cv::Mat flat(256, 256, CV_8UC3, cv::Scalar(200, 100, 50));
  EXPECT_EQ(augment(flat, config, p, 0).at<cv::Vec3b>(9, 9), cv::Vec3b(100, 50, 25));
}

TEST(Augment, ErasingStaysInItsArea) {
  AugmentConfig config;
  config.erase = 1;
  config.erase_area = {0.1, 0.1};
  const Preprocessing p;
  const cv::Mat image = gradient(256, 256);
  const cv::Mat plain = resize_and_crop(image, p);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    cv::Mat difference;
    cv::absdiff(plain, augment(image, config, p, seed), difference);
    const cv::Mat changed = difference.reshape(1, 224 * 224);
    cv::Mat most;
    cv::reduce(changed, most, 1, cv::REDUCE_MAX);
    const double part = cv::countNonZero(most) / (224.0 * 224.0);
    EXPECT_GT(part, 0.05);
    EXPECT_LE(part, 0.1);
  }
}

}  // namespace
}  // namespace transfer
