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

TEST(Webp, AnAnimationIsRefused) {
  expect_contains(webp_error(extended_header(0x02, 16, 16)), {"folder/a.webp", "animated"});
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
