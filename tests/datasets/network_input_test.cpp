#include <gtest/gtest.h>
#include <torch/serialize.h>
#include <torch/types.h>

#include <cstdlib>
#include <filesystem>
#include <opencv2/core.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "datasets/decode.h"
#include "datasets/preprocess.h"

namespace transfer {
namespace {

/// A line of cases.txt, see tests/golden/network_input.py.
struct NetworkInputCase {
  std::string name;
  std::string image;
  Preprocessing preprocessing;
};

NetworkInputCase parse_case(const std::string& line) {
  std::istringstream words(line);
  NetworkInputCase result;
  Preprocessing& p = result.preprocessing;
  std::string rule;
  std::string order;
  std::string scale;
  words >> result.name >> result.image >> p.height >> p.width >> rule >> p.resize >> p.channels >>
      order >> scale;
  p.resize_rule = parse_name<ResizeRule>(rule).value();
  p.order = parse_name<ChannelOrder>(order).value();
  p.scale = parse_name<PixelScale>(scale).value();
  p.mean.resize(static_cast<std::size_t>(p.channels));
  p.std.resize(static_cast<std::size_t>(p.channels));
  for (float& number : p.mean) words >> number;
  for (float& number : p.std) words >> number;
  EXPECT_TRUE(words) << line;
  return result;
}

/// [C,H,W]
torch::Tensor input_of(const Sample& sample, const Preprocessing& p) {
  auto input = torch::zeros({p.height, p.width, p.channels});
  const cv::Mat fitted = resize_and_crop(decode_for(sample, p), p);
  write_normalized(fitted, p, input.data_ptr<float>());
  return input.permute({2, 0, 1});
}

TEST(NetworkInput, EqualsPythonsWithinOneLevelOfAPixel) {
  const char* golden = std::getenv("TRANSFER_GOLDEN");
  if (golden == nullptr) GTEST_SKIP() << "TRANSFER_GOLDEN is not set";
  const auto folder = std::filesystem::path(golden) / "network_input";
  const std::string bytes = read_file(folder / "network_input.pt");
  const auto expected = torch::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
  std::istringstream lines(read_file(folder / "cases.txt"));
  std::size_t cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const auto one = parse_case(line);
    const Preprocessing& p = one.preprocessing;
    const auto input = input_of({(folder / one.image).string(), 0}, p);
    const auto difference = (input - expected.at(one.name).toTensor()).abs();
    const auto std = torch::tensor(p.std).view({-1, 1, 1});
    const float range = p.scale == PixelScale::kOne ? 255.0F : 1.0F;
    const auto levels = difference * std * range;
    EXPECT_LE(levels.max().item<double>(), 1.001) << one.name;
    EXPECT_LE(levels.mean().item<double>(), 0.02) << one.name;
  }
  EXPECT_EQ(cases, expected.size());
  EXPECT_GE(cases, 12U);
}

TEST(NetworkInput, ImagesOfOtherShapesFitEveryRule) {
  Preprocessing p;
  p.height = 16;
  p.width = 40;
  p.resize = 18;
  for (const auto rule : {ResizeRule::kCover, ResizeRule::kPad, ResizeRule::kStretch}) {
    p.resize_rule = rule;
    for (const auto& [width, height] : {std::pair{1, 1}, std::pair{3, 900}, std::pair{900, 3},
                                        std::pair{40, 16}, std::pair{41, 17}, std::pair{20, 8}}) {
      const cv::Mat image(height, width, CV_8UC3, cv::Scalar(10, 200, 90));
      const cv::Mat fitted = resize_and_crop(image, p);
      EXPECT_EQ(fitted.size(), cv::Size(40, 16)) << name_of(rule) << ' ' << width << 'x' << height;
      EXPECT_EQ(fitted.at<cv::Vec3b>(7, 19), cv::Vec3b(10, 200, 90)) << name_of(rule);
    }
  }
}

TEST(NetworkInput, PaddingIsBlackAndInTheMiddle) {
  Preprocessing p;
  p.resize_rule = ResizeRule::kPad;
  p.height = p.width = 12;
  const cv::Mat wide(10, 20, CV_8UC3, cv::Scalar::all(255));
  const cv::Mat fitted = resize_and_crop(wide, p);
  for (int y = 0; y < 12; ++y) {
    EXPECT_EQ(fitted.at<cv::Vec3b>(y, 5)[0], y >= 3 && y < 9 ? 255 : 0) << y;
  }
}

TEST(NetworkInput, KeysDifferWhereInputsDo) {
  const Preprocessing usual;
  std::vector<Preprocessing> others(8, usual);
  others[0].order = ChannelOrder::kBgr;
  others[1].scale = PixelScale::k255;
  others[2].resize_rule = ResizeRule::kPad;
  others[3].mean[2] = 0.5F;
  others[4].std[0] = 0.5F;
  others[5].channels = 1;
  others[5].mean = others[5].std = {0.5F};
  others[6].channels = 4;
  others[6].mean = others[6].std = {0.5F, 0.5F, 0.5F, 0.5F};
  others[7] = others[6];
  others[7].mean[3] = 0.25F;
  std::vector<std::string> keys = {to_key(usual)};
  for (const auto& other : others) keys.push_back(to_key(other));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(keys[i], keys[j]) << i << ' ' << j;
  }
}

TEST(NetworkInput, IsShownAsTheNetworkSeesIt) {
  const cv::Mat colours(2, 2, CV_8UC3, cv::Scalar(200, 100, 50));
  Preprocessing p;
  EXPECT_EQ(shown_colours(colours, p).at<cv::Vec3b>(0, 0), cv::Vec3b(200, 100, 50));
  p.channels = 1;
  EXPECT_EQ(shown_colours(colours, p).at<cv::Vec3b>(0, 0), cv::Vec3b(124, 124, 124));
  p.channels = 2;
  const cv::Mat two(2, 2, CV_8UC2, cv::Scalar(7, 9));
  EXPECT_EQ(shown_colours(two, p).at<cv::Vec3b>(0, 0), cv::Vec3b(7, 7, 7));
  p.channels = 6;
  std::vector<cv::Mat> planes;
  for (int b = 0; b < 6; ++b) planes.emplace_back(2, 2, CV_8U, cv::Scalar(b * 10));
  cv::Mat six;
  cv::merge(planes, six);
  EXPECT_EQ(shown_colours(six, p).at<cv::Vec3b>(0, 0), cv::Vec3b(0, 10, 20));
}

}  // namespace
}  // namespace transfer
