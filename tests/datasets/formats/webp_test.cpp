#include "datasets/formats/webp_decoder.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

std::string webp_error(const std::string& bytes) {
  return message_of<DataError>([&] { decode_image(bytes, "folder/a.webp"); });
}

/// The extended header alone.
std::string extended_header(char flags, std::uint64_t width, std::uint64_t height) {
  std::string bytes("RIFF\x16\0\0\0WEBPVP8X\x0A\0\0\0", 20);
  bytes += std::string(10, '\0');
  bytes[20] = flags;
  put(bytes, 24, width - 1, 3);
  put(bytes, 27, height - 1, 3);
  return bytes;
}

TEST(Webp, LosslessGivesTheSameRgb) {
  const cv::Mat rgb = gradient(50, 40, 3);
  EXPECT_EQ(largest_difference(decode_image(encode_webp(rgb), "a"), rgb), 0);
}

TEST(Webp, AlphaIsBlendedOnWhite) {
  const cv::Mat rgba(4, 4, CV_8UC4, cv::Scalar(100, 0, 255, 51));
  EXPECT_EQ(decode_image(encode_webp(rgba), "a").at<cv::Vec3b>(0, 0), cv::Vec3b(224, 204, 255));
}

std::string riff_chunk(const std::string& type, const std::string& data) {
  std::string bytes = type + std::string(4, '\0') + data;
  put(bytes, 4, data.size(), 4);
  return bytes + std::string(data.size() % 2, '\0');
}

/// An animation of a frame at `left`, `top`, and another one at the origin, on a canvas.
std::string animation(const cv::Mat& frame, int left, int top, int width, int height) {
  std::string bytes =
      extended_header(0x02, static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height));
  bytes += riff_chunk("ANIM", std::string(6, '\0'));
  for (const bool is_first : {true, false}) {
    std::string header(16, '\0');
    put(header, 0, static_cast<std::uint64_t>(is_first ? left / 2 : 0), 3);
    put(header, 3, static_cast<std::uint64_t>(is_first ? top / 2 : 0), 3);
    put(header, 6, static_cast<std::uint64_t>(frame.cols - 1), 3);
    put(header, 9, static_cast<std::uint64_t>(frame.rows - 1), 3);
    const cv::Mat pixels = is_first ? frame : cv::Mat(255 - frame);
    bytes += riff_chunk("ANMF", header + encode_webp(pixels).substr(12));
  }
  put(bytes, 4, bytes.size() - 8, 4);
  return bytes;
}

TEST(Webp, OfAnAnimationTheFirstFrameIsRead) {
  const cv::Mat rgb = gradient(20, 12, 3);
  EXPECT_EQ(largest_difference(decode_image(animation(rgb, 0, 0, 20, 12), "a"), rgb), 0);
  const cv::Mat placed = decode_image(animation(rgb, 4, 2, 30, 16), "a");
  ASSERT_EQ(placed.size(), cv::Size(30, 16));
  EXPECT_EQ(largest_difference(placed(cv::Rect(4, 2, 20, 12)), rgb), 0);
  EXPECT_EQ(placed.at<cv::Vec3b>(0, 0), cv::Vec3b(255, 255, 255));
  const cv::Mat rgba(12, 20, CV_8UC4, cv::Scalar(100, 0, 255, 51));
  EXPECT_EQ(decode_image(animation(rgba, 0, 0, 20, 12), "a").at<cv::Vec3b>(5, 5),
            cv::Vec3b(224, 204, 255));
}

TEST(Webp, FramesAreCounted) {
  const std::string name = "a";
  const std::string bytes = animation(gradient(8, 8), 0, 0, 8, 8);
  EXPECT_FALSE(is_plain_webp(bytes));
  EXPECT_EQ(webp_traits({bytes, name}).images, 2);
  EXPECT_TRUE(is_plain_webp(encode(gradient(8, 8), ".webp")));
}

TEST(Webp, OneThatIsTransparentEverywhereIsFound) {
  const std::string name = "a";
  cv::Mat clear(64, 64, CV_8UC4, cv::Scalar(9, 9, 9, 0));
  const std::string bytes = encode_webp(clear);
  EXPECT_FALSE(is_plain_webp(bytes));
  EXPECT_TRUE(webp_traits({bytes, name}).is_transparent);
  clear.at<cv::Vec4b>(0, 5)[3] = 255;
  const std::string visible = encode_webp(clear);
  EXPECT_TRUE(is_plain_webp(visible));
  EXPECT_FALSE(webp_traits({visible, name}).is_transparent);
}

TEST(Webp, FramesThatNoHeaderAnnouncesDoNotCount) {
  const std::string name = "a";
  const std::string frame = riff_chunk("ANMF", std::string(16, '\0'));
  std::string still = extended_header(0, 8, 8);
  still += encode_webp(gradient(8, 8)).substr(12) + frame + frame;
  put(still, 4, still.size() - 8, 4);
  EXPECT_EQ(decode_image(still, name).size(), cv::Size(8, 8));
  for (const std::string& bytes : {still, encode_webp(gradient(8, 8)) + frame + frame}) {
    EXPECT_TRUE(is_plain_webp(bytes));
    EXPECT_EQ(webp_traits({bytes, name}).images, 1);
  }
}

TEST(Webp, AnAnimationOfASingleFrameIsRead) {
  const std::string name = "a";
  std::string bytes = animation(cv::Mat::zeros(8, 8, CV_8UC4), 0, 0, 8, 8);
  bytes.resize(bytes.rfind("ANMF"));
  bytes[20] |= 0x10;  // has alpha
  put(bytes, 4, bytes.size() - 8, 4);
  EXPECT_FALSE(is_plain_webp(bytes));
  const SampleTraits traits = webp_traits({bytes, name});
  EXPECT_EQ(traits.images, 1);
  EXPECT_TRUE(traits.is_transparent);
}

TEST(Webp, ADamagedAnimationIsRefused) {
  const std::string whole = animation(gradient(16, 16), 0, 0, 16, 16);
  const std::size_t first_frame = 30 + 14 + 24;
  for (std::size_t size = 30; size < first_frame; size += 3) {
    expect_contains(webp_error(whole.substr(0, size)), {"folder/a.webp", "animated", "ends early"});
  }
  expect_contains(webp_error(animation(gradient(16, 16), 8, 0, 16, 16)),
                  {"folder/a.webp", "leaves its canvas"});
}

TEST(Webp, AHeaderThatClaimsTooMuchIsRefused) {
  expect_contains(webp_error(extended_header(0, 50000, 30000)),
                  {"folder/a.webp", "claims 50000 x 30000"});
}

TEST(Webp, AHeaderCutShortIsRefused) {
  const std::string whole = encode(gradient(16, 16), ".webp");
  for (std::size_t size = 12; size < 40; ++size) {
    expect_contains(webp_error(whole.substr(0, size)), {"folder/a.webp"});
  }
}

}  // namespace
}  // namespace transfer
