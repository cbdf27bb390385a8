#include "datasets/formats/bmp_decoder.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

/// What makes up a BMP with a header of 40 bytes.
struct Bmp {
  std::uint64_t width = 0;
  /// Negative for rows from top to bottom.
  std::int64_t height = 0;
  std::uint64_t bits = 0;
  std::uint64_t compression = 0;
  /// Blue, green, red and nothing for each colour; or masks.
  std::string between;
  std::string pixels;
  std::uint64_t colours = 0;
};

std::string encode_bmp(const Bmp& bmp) {
  std::string bytes(54, '\0');
  bytes.replace(0, 2, "BM");
  put(bytes, 10, 54 + bmp.between.size(), 4);
  put(bytes, 14, 40, 4);
  put(bytes, 18, bmp.width, 4);
  put(bytes, 22, static_cast<std::uint64_t>(bmp.height), 4);
  put(bytes, 26, 1, 2);
  put(bytes, 28, bmp.bits, 2);
  put(bytes, 30, bmp.compression, 4);
  put(bytes, 46, bmp.colours, 4);
  return bytes + bmp.between + bmp.pixels;
}

const std::string kRedThenBlue("\0\0\xFF\0\xFF\0\0\0", 8);
const cv::Vec3b kRed(255, 0, 0);
const cv::Vec3b kBlue(0, 0, 255);

/// The rows of a small image as text: R and B for these colours, '?' for others.
std::string rows_of(const std::string& bytes) {
  const cv::Mat rgb = decode_image(bytes, "a");
  std::string text;
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const auto& pixel = rgb.at<cv::Vec3b>(y, x);
      text += pixel == kRed ? 'R' : pixel == kBlue ? 'B' : '?';
    }
    text += y + 1 < rgb.rows ? "/" : "";
  }
  return text;
}

std::string bmp_error(const std::string& bytes) {
  return message_of<DataError>([&] { decode_image(bytes, "folder/a.bmp"); });
}

TEST(Bmp, PalettesOfEveryDepthAreRead) {
  EXPECT_EQ(
      rows_of(encode_bmp({3, 2, 1, 0, kRedThenBlue, std::string("\xA0\0\0\0\x40\0\0\0", 8), 2})),
      "RBR/BRB");
  EXPECT_EQ(
      rows_of(encode_bmp({3, 2, 4, 0, kRedThenBlue, std::string("\x10\x10\0\0\x01\0\0\0", 8), 2})),
      "RBR/BRB");
  EXPECT_EQ(rows_of(encode_bmp({3, 2, 8, 0, kRedThenBlue, std::string("\1\0\1\0\0\1\0\0", 8), 2})),
            "RBR/BRB");
}

TEST(Bmp, RowsMayRunFromTopToBottom) {
  EXPECT_EQ(rows_of(encode_bmp({3, -2, 8, 0, kRedThenBlue, std::string("\1\0\1\0\0\0\1\0", 8), 2})),
            "BRB/RRB");
}

TEST(Bmp, RunLengthsAreRead) {
  // Two rows from below: three red; one blue, one red, one blue.
  const std::string rows("\x03\x00\x00\x00\x00\x03\x01\x00\x01\x00\x00\x01", 12);
  EXPECT_EQ(rows_of(encode_bmp({3, 2, 8, 1, kRedThenBlue, rows, 2})), "BRB/RRR");
  // A jump by one column and one row, then the end: what is left out has the first colour.
  const std::string jump("\x00\x02\x01\x01\x02\x01\x00\x01", 8);
  EXPECT_EQ(rows_of(encode_bmp({3, 2, 8, 1, kRedThenBlue, jump, 2})), "RBB/RRR");
  const std::string halves("\x03\x10\x00\x00\x00\x03\x01\x00\x00\x01", 10);
  EXPECT_EQ(rows_of(encode_bmp({3, 2, 4, 2, kRedThenBlue, halves, 2})), "RBR/BRB");
}

TEST(Bmp, RunLengthsThatLeaveTheirRowAreRefused) {
  const std::string run("\x04\x00\x00\x01", 4);
  const std::string literals("\x00\x04\x00\x00\x00\x00\x00\x01", 8);
  const std::string jump("\x00\x02\xFF\x00\x01\x00\x00\x01", 8);
  for (const std::string& pixels : {run, literals, jump}) {
    expect_contains(bmp_error(encode_bmp({3, 2, 8, 1, kRedThenBlue, pixels, 2})), {"damaged"});
  }
  expect_contains(bmp_error(encode_bmp({3, 2, 8, 1, kRedThenBlue, "\x03", 2})), {"ends early"});
  // A jump past the last row ends the image.
  const std::string end("\x00\x02\x00\xFF", 4);
  EXPECT_EQ(rows_of(encode_bmp({3, 2, 8, 1, kRedThenBlue, end, 2})), "RRR/RRR");
}

TEST(Bmp, SixteenAnd32BitsAreScaledByTheirMasks) {
  const auto pixel = [](const Bmp& bmp) {
    return decode_image(encode_bmp(bmp), "a").at<cv::Vec3b>(0, 0);
  };
  const std::string white15("\xFF\x7F\0\0", 4);
  EXPECT_EQ(pixel({1, 1, 16, 0, "", white15}), cv::Vec3b(255, 255, 255));
  const std::string masks565("\x00\xF8\0\0\xE0\x07\0\0\x1F\0\0\0", 12);
  EXPECT_EQ(pixel({1, 1, 16, 3, masks565, std::string("\xE0\x07\0\0", 4)}), cv::Vec3b(0, 255, 0));
  EXPECT_EQ(pixel({1, 1, 32, 0, "", std::string("\x0A\x14\x1E\x00", 4)}), cv::Vec3b(30, 20, 10));
  const std::string swapped("\xFF\0\0\0\0\xFF\0\0\0\0\xFF\0", 12);
  EXPECT_EQ(pixel({1, 1, 32, 3, swapped, std::string("\x0A\x14\x1E\x00", 4)}),
            cv::Vec3b(10, 20, 30));
}

TEST(Bmp, AHeaderWithAlphaIsBlendedOnWhite) {
  std::string bytes(14 + 108 + 4, '\0');  // a header of the fourth version
  bytes.replace(0, 2, "BM");
  put(bytes, 10, 122, 4);
  put(bytes, 14, 108, 4);
  put(bytes, 18, 1, 4);
  put(bytes, 22, 1, 4);
  put(bytes, 28, 32, 2);
  put(bytes, 30, 3, 4);
  put(bytes, 54, 0x00FF0000, 4);
  put(bytes, 58, 0x0000FF00, 4);
  put(bytes, 62, 0x000000FF, 4);
  put(bytes, 66, 0xFF000000, 4);
  put(bytes, 122, 0x336400FF, 4);
  EXPECT_EQ(decode_image(bytes, "a").at<cv::Vec3b>(0, 0), cv::Vec3b(224, 204, 255));
  const std::string name = "a";
  EXPECT_FALSE(is_plain_bmp(bytes));
  EXPECT_FALSE(bmp_traits({bytes, name}).has_unused_alpha);
  // Alpha of 0 everywhere was never filled in.
  put(bytes, 122, 0x006400FF, 4);
  EXPECT_EQ(decode_image(bytes, "a").at<cv::Vec3b>(0, 0), cv::Vec3b(100, 0, 255));
  EXPECT_TRUE(bmp_traits({bytes, name}).has_unused_alpha);
  EXPECT_TRUE(is_plain_bmp(encode(gradient(8, 8), ".bmp")));
}

TEST(Bmp, TheFirstWindowsHeaderIsRead) {
  std::string bytes(26, '\0');
  bytes.replace(0, 2, "BM");
  put(bytes, 10, 26, 4);
  put(bytes, 14, 12, 4);
  put(bytes, 18, 1, 2);
  put(bytes, 20, 1, 2);
  put(bytes, 24, 24, 2);
  EXPECT_EQ(decode_image(bytes + std::string("\x0A\x14\x1E\0", 4), "a").at<cv::Vec3b>(0, 0),
            cv::Vec3b(30, 20, 10));
}

TEST(Bmp, WhatNoBmpHasIsRefusedWithItsNumbers) {
  std::string bytes = encode(gradient(8, 8), ".bmp");
  put(bytes, 28, 7, 2);
  expect_contains(bmp_error(bytes), {"folder/a.bmp", "7 bits"});
  put(bytes, 28, 24, 2);
  put(bytes, 14, 20, 4);
  expect_contains(bmp_error(bytes), {"header", "20 bytes"});
  expect_contains(bmp_error(encode_bmp({1, 1, 8, 0, kRedThenBlue, "1234", 300})), {"palette"});
}

TEST(Bmp, AHeaderThatClaimsTooMuchIsRefused) {
  std::string bytes = encode(gradient(4, 4), ".bmp");
  put(bytes, 18, 20000, 4);
  put(bytes, 22, 0xFFFFFFFFU - 19999, 4);  // -20000: stored from top to bottom
  expect_contains(bmp_error(bytes), {"folder/a.bmp", "claims 20000 x 20000"});
  put(bytes, 22, 0x80000000U, 4);  // the lowest number
  expect_contains(bmp_error(bytes), {"claims 20000 x 2147483648"});
}

TEST(Bmp, AMoveBeyondTheRowCountsOnlyUntilTheNextRow) {
  std::string moves;
  for (int i = 0; i < 1000; ++i) moves += std::string("\0\2\xFF\0", 4);
  const std::string next_row("\0\0", 2);
  EXPECT_EQ(rows_of(encode_bmp(
                {3, 2, 8, 1, kRedThenBlue, moves + next_row + std::string("\3\1\0\1", 4), 2})),
            "BBB/RRR");
  EXPECT_THROW(decode_image(encode_bmp({3, 2, 8, 1, kRedThenBlue, moves + "\3\1", 2}), "a"),
               DataError);
}

}  // namespace
}  // namespace transfer
