#include "datasets/preprocess.h"

#include <gtest/gtest.h>
#include <torch/serialize.h>
#include <torch/types.h>

#include <cstdlib>
#include <filesystem>

#include "core/atomic_file.h"
#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(Preprocess, GivesTheInputSizeForEveryShape) {
  const Preprocessing p;
  for (const auto& [width, height] :
       {std::pair{1, 1}, std::pair{500, 333}, std::pair{1000, 1}, std::pair{1, 1000},
        std::pair{224, 224}, std::pair{257, 256}, std::pair{2000, 300}}) {
    const cv::Mat result = resize_and_crop(gradient(width, height), p);
    EXPECT_EQ(result.size(), cv::Size(224, 224)) << width << " x " << height;
    EXPECT_EQ(result.type(), CV_8UC3);
  }
}

TEST(Preprocess, StretchKeepsTheWholeImage) {
  Preprocessing p;
  p.resize_rule = ResizeRule::kStretch;
  p.width = 10;
  p.height = 20;
  cv::Mat halves(40, 100, CV_8UC3, cv::Scalar::all(0));
  halves.colRange(50, 100).setTo(cv::Scalar::all(255));
  const cv::Mat result = resize_and_crop(halves, p);
  ASSERT_EQ(result.size(), cv::Size(10, 20));
  EXPECT_EQ(result.at<cv::Vec3b>(5, 4)[0], 0);
  EXPECT_EQ(result.at<cv::Vec3b>(5, 5)[0], 255);
}

TEST(Preprocess, ShrinkingAveragesAreas) {
  cv::Mat stripes(8, 8, CV_8UC3, cv::Scalar::all(0));
  for (int x = 0; x < 8; x += 2) stripes.col(x).setTo(cv::Scalar::all(200));
  const cv::Mat result = resize_to(stripes, 2, 2, Interpolation::kBicubic);
  EXPECT_EQ(cv::norm(result, cv::Mat(2, 2, CV_8UC3, cv::Scalar::all(100)), cv::NORM_INF), 0);
}

TEST(Preprocess, NormalisesInChannelsLastOrder) {
  Preprocessing p;
  p.width = 2;
  p.height = 1;
  cv::Mat rgb(1, 2, CV_8UC3);
  rgb.at<cv::Vec3b>(0, 0) = {255, 0, 51};
  rgb.at<cv::Vec3b>(0, 1) = {0, 102, 255};
  std::array<float, 6> out{};
  write_normalized(rgb, p, out.data());
  EXPECT_NEAR(out[0], (1.0F - p.mean[0]) / p.std[0], 1e-5);
  EXPECT_NEAR(out[2], (0.2F - p.mean[2]) / p.std[2], 1e-5);
  EXPECT_NEAR(out[4], (0.4F - p.mean[1]) / p.std[1], 1e-5);
  p.channels = 1;
  write_normalized(rgb, p, out.data());
  const float luma = (0.299F * 255 + 0.114F * 51) / 255;
  EXPECT_NEAR(out[0], (luma - p.mean[0]) / p.std[0], 1e-5);
}

TEST(Preprocess, WithinOneGreyLevelOfTheReference) {
  const char* golden = std::getenv("TRANSFER_GOLDEN");
  if (golden == nullptr) GTEST_SKIP() << "TRANSFER_GOLDEN is not set";
  const auto folder = std::filesystem::path(golden) / "preprocess";
  if (!std::filesystem::exists(folder / "preprocess.pt")) {
    GTEST_SKIP() << (folder / "preprocess.pt") << " is missing; tests/golden/generate.py writes it";
  }
  const std::string bytes = read_file(folder / "preprocess.pt");
  const auto expected = torch::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
  ASSERT_GT(expected.size(), 0U);
  for (const auto& entry : expected) {
    const std::string name = entry.key().toStringRef();
    const cv::Mat rgb = decode_image(read_file(folder / name), name);
    const cv::Mat result = resize_and_crop(rgb, Preprocessing()).clone();
    const auto pixels =
        torch::from_blob(result.data, {224, 224, 3}, torch::kUInt8).permute({2, 0, 1});
    const auto difference =
        (pixels.to(torch::kInt32) - entry.value().toTensor().to(torch::kInt32)).abs();
    EXPECT_LE(difference.max().item<int>(), 1) << name;
  }
}

}  // namespace
}  // namespace transfer
