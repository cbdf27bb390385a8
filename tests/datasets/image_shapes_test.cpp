#include "datasets/image_shapes.h"

#include <gtest/gtest.h>

#include <opencv2/core/mat.hpp>

#include "datasets/png_writer.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(ImageShapes, AreMediansOfThoseThatCanBeRead) {
  const TemporaryFolder folder;
  std::vector<Sample> samples;
  const auto add = [&](int height, int width) {
    const auto path = folder.path() / (std::to_string(samples.size()) + ".png");
    write_png(cv::Mat(height, width, CV_8UC3, cv::Scalar(1, 2, 3)), path);
    samples.push_back({.path = path.string()});
  };
  add(30, 60);
  add(90, 30);
  add(20, 20);
  samples.push_back({.path = (folder.path() / "gone.png").string()});
  const ImageShapes shapes = measure_shapes(samples);
  EXPECT_EQ(shapes.images, 3);
  EXPECT_EQ(shapes.shorter_side, 30);
  EXPECT_EQ(shapes.aspect_ratio, 2);
  EXPECT_EQ(measure_shapes({samples.back()}).images, 0);
  EXPECT_EQ(measure_shapes(samples, 2).images, 2) << "the first and the third";
}

TEST(ImageShapes, ACentreCropKeepsTheMiddle) {
  EXPECT_DOUBLE_EQ(kept_by_crop(1, 224, 256), 0.765625);
  EXPECT_DOUBLE_EQ(kept_by_crop(2, 224, 224), 0.5);
  EXPECT_DOUBLE_EQ(kept_by_crop(1, 224, 200), 1);
}

}  // namespace
}  // namespace transfer
