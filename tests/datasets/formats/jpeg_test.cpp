#include "datasets/formats/jpeg_decoder.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

/// A JPEG with an EXIF block of one orientation tag behind its start marker.
std::string with_orientation(const std::string& jpeg, int orientation) {
  std::string tiff("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18);
  tiff += static_cast<char>(orientation);
  tiff += std::string("\0\0\0\0\0\0\0", 7);
  const std::string block = std::string("Exif\0\0", 6) + tiff;
  std::string segment("\xFF\xE1", 2);
  segment += static_cast<char>((block.size() + 2) >> 8);
  segment += static_cast<char>((block.size() + 2) & 255);
  return jpeg.substr(0, 2) + segment + block + jpeg.substr(2);
}

TEST(Jpeg, EveryExifOrientationComesUpright) {
  const cv::Mat upright = gradient(48, 32);
  // What a camera stores for each orientation: the inverse of what the reader does.
  const auto stored = [&](int orientation) {
    cv::Mat result = upright.clone();
    if (orientation >= 5) cv::transpose(result, result);
    if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
      cv::flip(result, result, 1);
    }
    if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
      cv::flip(result, result, orientation == 6 ? 1 : 0);
    }
    if (orientation == 6) cv::flip(result, result, 1);
    return result;
  };
  for (int orientation = 1; orientation <= 5; ++orientation) {
    const auto bytes = with_orientation(encode(stored(orientation), ".jpg"), orientation);
    const cv::Mat decoded = decode_image(bytes, "a.jpg");
    ASSERT_EQ(decoded.size(), upright.size()) << orientation;
    EXPECT_LT(largest_difference(decoded, upright), 24) << orientation;
  }
  for (const auto& [orientation, turn] :
       {std::pair{6, cv::ROTATE_90_COUNTERCLOCKWISE}, std::pair{8, cv::ROTATE_90_CLOCKWISE}}) {
    cv::Mat turned;
    cv::rotate(upright, turned, turn);
    const auto bytes = with_orientation(encode(turned, ".jpg"), orientation);
    EXPECT_LT(largest_difference(decode_image(bytes, "a.jpg"), upright), 24) << orientation;
  }
}

TEST(Jpeg, DamagedExifIsIgnored) {
  const std::string good = with_orientation(encode(gradient(16, 8), ".jpg"), 6);
  EXPECT_EQ(decode_image(good, "a").rows, 16);
  for (std::size_t i = 12; i < 30; ++i) {
    std::string damaged = good;
    damaged[i] = '\xEE';
    EXPECT_NO_THROW(decode_image(damaged, "a")) << i;
  }
}

TEST(Jpeg, ScaledDecodingKeepsTwiceTheTarget) {
  const std::string bytes = encode(gradient(1600, 1200), ".jpg");
  EXPECT_EQ(decode_image(bytes, "a", 256).rows, 600);
  EXPECT_EQ(decode_image(bytes, "a", 150).rows, 300);
  EXPECT_EQ(decode_image(bytes, "a", 600).rows, 600 * 2);
  EXPECT_EQ(decode_image(bytes, "a").rows, 1200);
}

TEST(Jpeg, GreyAndProgressiveAreRead) {
  const cv::Mat rgb = gradient(50, 40, 2);
  cv::Mat grey;
  cv::extractChannel(rgb, grey, 0);
  const cv::Mat decoded = decode_image(encode_jpeg(grey), "a");
  ASSERT_EQ(decoded.type(), CV_8UC3);
  for (int c = 0; c < 3; ++c) {
    cv::Mat channel;
    cv::extractChannel(decoded, channel, c);
    EXPECT_LT(largest_difference(channel, grey), 8);
  }
  EXPECT_LT(largest_difference(decode_image(encode_jpeg(rgb, {.progressive = true}), "a"), rgb),
            24);
}

TEST(Jpeg, InkIsInvertedWhereAdobesMarkerSaysSo) {
  // Full cyan, no magenta, half yellow, a fifth of black.
  const cv::Mat ink(16, 16, CV_8UC4, cv::Scalar(255, 0, 128, 51));
  const cv::Mat inverted(16, 16, CV_8UC4, cv::Scalar(0, 255, 127, 204));
  const cv::Mat expected(16, 16, CV_8UC3, cv::Scalar(0, 204, 102));
  for (const std::string& bytes : {encode_jpeg(inverted), encode_jpeg(inverted, {.ycck = true}),
                                   encode_jpeg(ink, {.adobe_marker = false})}) {
    EXPECT_LE(largest_difference(decode_image(bytes, "a"), expected), 4);
  }
}

TEST(Jpeg, AHeaderThatClaimsTooMuchIsRefused) {
  std::string bytes = encode_jpeg(gradient(16, 16));
  const std::size_t frame = bytes.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\xEA\x60\xEA\x60");
  expect_contains(message_of<DataError>([&] { decode_image(bytes, "folder/a.jpg"); }),
                  {"folder/a.jpg", "60000 x 60000"});
}

/// The image with its last scan repeated.
std::string with_scans(const std::string& progressive, int repeats) {
  const std::size_t last = progressive.rfind("\xFF\xDA");
  const std::string scan = progressive.substr(last, progressive.size() - 2 - last);
  std::string bytes = progressive.substr(0, last);
  for (int i = 0; i < repeats; ++i) bytes += scan;
  return bytes + "\xFF\xD9";
}

TEST(Jpeg, ScansWithoutEndAreRefused) {
  // Of a single colour, a scan may come again and again without changing anything.
  const cv::Mat plain(24, 40, CV_8UC3, cv::Scalar(200, 100, 50));
  const std::string progressive = encode_jpeg(plain, {.progressive = true});
  EXPECT_EQ(decode_image(with_scans(progressive, 100), "a").rows, 24);
  expect_contains(
      message_of<DataError>([&] { decode_image(with_scans(progressive, 600), "folder/a.jpg"); }),
      {"folder/a.jpg", "more than 500 scans"});
}

}  // namespace
}  // namespace transfer
