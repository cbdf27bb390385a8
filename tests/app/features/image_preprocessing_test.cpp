#include "models/image_preprocessing.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "datasets/preprocess.h"

namespace transfer {
namespace {

/// Coarse blocks with a little noise, so that the averages of pixels are often exactly between two
/// whole numbers.
cv::Mat blocks_and_noise(int width, int height, int channels, unsigned seed) {
  std::mt19937 generator(seed);
  cv::Mat image(height, width, CV_8UC(channels));
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < width * channels; ++i) {
      const unsigned noise = generator() % 4;
      const bool is_light = (y / 5 + i / (7 * channels)) % 2 == 0;
      image.ptr(y)[i] = static_cast<unsigned char>(noise == 0 ? generator() % 256 : is_light * 251);
    }
  }
  return image;
}

/// What the program gives the network, [1,C,H,W].
torch::Tensor prepared(const cv::Mat& image, const Preprocessing& p) {
  auto pixels = torch::empty({1, p.height, p.width, p.channels});
  write_normalized(resize_and_crop(image, p), p, pixels.data_ptr<float>());
  return pixels.permute({0, 3, 1, 2});
}

torch::Tensor as_tensor(const cv::Mat& image) {
  return torch::from_blob(image.data, {image.rows, image.cols, image.channels()}, torch::kUInt8);
}

void expect_same_bits(const Preprocessing& p, const std::vector<cv::Size>& sizes) {
  auto module = preprocessing_module(p, std::make_shared<torch::jit::CompilationUnit>());
  const int channels = reads_colours(p) ? 3 : p.channels;
  for (const cv::Size& size : sizes) {
    const auto image = blocks_and_noise(size.width, size.height, channels, 3);
    const auto found = module.forward({as_tensor(image)}).toTensor();
    const auto expected = prepared(image, p);
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_TRUE(torch::equal(found, expected))
        << to_key(p) << ", image of " << size.width << "x" << size.height << ": "
        << (found != expected).sum().item<std::int64_t>() << " of " << found.numel()
        << " differ by up to " << (found - expected).abs().max().item<float>();
  }
}

// Exact halves, thirds and quarters, one side that grows, and images too long to be resized whole.
const std::vector<cv::Size> kSizes = {{64, 48},  {96, 72},  {128, 96}, {65, 49},  {200, 31},
                                      {31, 200}, {20, 15},  {1, 1},    {640, 7},  {7, 640},
                                      {333, 97}, {32, 400}, {50, 40},  {256, 256}};

TEST(ImagePreprocessing, GivesTheBitsOfTheProgramByEveryRuleAndInterpolation) {
  for (const auto rule :
       {ResizeRule::kShorterSide, ResizeRule::kStretch, ResizeRule::kPad, ResizeRule::kCover}) {
    for (const auto interpolation :
         {Interpolation::kArea, Interpolation::kBilinear, Interpolation::kBicubic}) {
      Preprocessing p;
      p.resize_rule = rule;
      p.interpolation = interpolation;
      p.height = rule == ResizeRule::kShorterSide ? 32 : 24;
      p.width = 32;
      p.resize = rule == ResizeRule::kCover ? 27 : 36;
      expect_same_bits(p, kSizes);
    }
  }
}

TEST(ImagePreprocessing, GivesTheBitsOfTheProgramForGreyBgrAndBands) {
  for (const int channels : {1, 2, 3, 4, 5}) {
    Preprocessing p;
    p.height = p.width = 24;
    p.resize = 24;
    p.channels = channels;
    p.order = channels == 3 ? ChannelOrder::kBgr : ChannelOrder::kRgb;
    p.scale = channels == 3 ? PixelScale::k255 : PixelScale::kOne;
    p.mean.clear();
    p.std.clear();
    for (int c = 0; c < channels; ++c) {
      p.mean.push_back(0.1F * static_cast<float>(c + 1));
      p.std.push_back(0.3F + 0.07F * static_cast<float>(c));
    }
    expect_same_bits(p, {{48, 48}, {72, 48}, {50, 60}, {10, 31}});
  }
}

}  // namespace
}  // namespace transfer
