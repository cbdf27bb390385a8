#include "datasets/formats/tiff_decoder.h"

#include <gtest/gtest.h>
#include <tiffio.h>

#include <opencv2/core.hpp>

#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

std::string tiff_error(const std::string& bytes) {
  return message_of<DataError>([&] { decode_image(bytes, "folder/a.tif"); });
}

cv::Vec3b tiff_pixel(const std::string& bytes, int y = 0, int x = 0) {
  return decode_image(bytes, "a").at<cv::Vec3b>(y, x);
}

TEST(Tiff, EveryLosslessCompressionGivesTheSameRgb) {
  const cv::Mat rgb = gradient(70, 50, 2);
  for (const int compression :
       {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE}) {
    const std::string bytes = encode_tiff(rgb, {{TIFFTAG_COMPRESSION, compression}});
    EXPECT_EQ(largest_difference(decode_image(bytes, "a"), rgb), 0) << compression;
  }
}

TEST(Tiff, JpegInsideIsRead) {
  const cv::Mat rgb = gradient(64, 48, 2);
  EXPECT_LT(
      largest_difference(
          decode_image(encode_tiff(rgb, {{TIFFTAG_COMPRESSION, COMPRESSION_JPEG}}), "a"), rgb),
      24);
}

TEST(Tiff, StripsTilesAndPlanesGiveTheSameImage) {
  const cv::Mat rgb = gradient(100, 90, 2);
  cv::Mat deep;
  rgb.convertTo(deep, CV_16U, 257);
  for (const cv::Mat& samples : {rgb, deep}) {
    for (const std::string& bytes :
         {encode_tiff(samples, {{TIFFTAG_ROWSPERSTRIP, 7}}),
          encode_tiff(samples,
                      {{TIFFTAG_ROWSPERSTRIP, 80}, {TIFFTAG_COMPRESSION, COMPRESSION_LZW}}),
          encode_tiff(samples, {{TIFFTAG_TILEWIDTH, 32}, {TIFFTAG_TILELENGTH, 16}}),
          encode_tiff(samples, {{TIFFTAG_PLANARCONFIG, PLANARCONFIG_SEPARATE},
                                {TIFFTAG_ROWSPERSTRIP, 13}})}) {
      EXPECT_EQ(largest_difference(decode_image(bytes, "a"), rgb), 0) << samples.depth();
    }
  }
}

TEST(Tiff, GreyOfEveryDepthBecomes8BitRgb) {
  EXPECT_EQ(tiff_pixel(encode_tiff(cv::Mat(3, 3, CV_8UC1, cv::Scalar(77)))), cv::Vec3b(77, 77, 77));
  EXPECT_EQ(tiff_pixel(encode_tiff(cv::Mat(3, 3, CV_16UC1, cv::Scalar(40000)))),
            cv::Vec3b(156, 156, 156));
  EXPECT_EQ(tiff_pixel(encode_tiff(cv::Mat(3, 3, CV_32FC1, cv::Scalar(0.4)))),
            cv::Vec3b(102, 102, 102));
  EXPECT_EQ(tiff_pixel(encode_tiff(cv::Mat(3, 3, CV_64FC1, cv::Scalar(7.0)))),
            cv::Vec3b(255, 255, 255));
  EXPECT_EQ(tiff_pixel(encode_tiff(cv::Mat(3, 3, CV_16UC1, cv::Scalar(65535)),
                                   {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE}})),
            cv::Vec3b(0, 0, 0));
  cv::Mat signed_numbers(1, 3, CV_16SC1);
  signed_numbers.at<std::int16_t>(0, 0) = -1000;
  signed_numbers.at<std::int16_t>(0, 1) = 0;
  signed_numbers.at<std::int16_t>(0, 2) = 1000;
  const std::string bytes = encode_tiff(signed_numbers);
  EXPECT_EQ(tiff_pixel(bytes, 0, 0)[0], 0);
  EXPECT_EQ(tiff_pixel(bytes, 0, 2)[0], 255);
}

TEST(Tiff, TwelveBitsArePackedWithTheHighestBitFirst) {
  cv::Mat packed(1, 6, CV_8UC1);  // four numbers of 12 bits: 0xFFF, 0x000, 0x800, 0x001
  const unsigned char bytes[] = {0xFF, 0xF0, 0x00, 0x80, 0x00, 0x01};
  std::copy(std::begin(bytes), std::end(bytes), packed.ptr());
  const std::string tiff =
      encode_tiff(packed, {{TIFFTAG_IMAGEWIDTH, 4}, {TIFFTAG_BITSPERSAMPLE, 12}});
  EXPECT_EQ(tiff_pixel(tiff, 0, 0)[0], 255);
  EXPECT_EQ(tiff_pixel(tiff, 0, 1)[0], 0);
  EXPECT_EQ(tiff_pixel(tiff, 0, 2)[0], 128);
  EXPECT_EQ(tiff_pixel(tiff, 0, 3)[0], 0);
}

TEST(Tiff, BlackAndWhiteIsRead) {
  cv::Mat packed(1, 1, CV_8UC1, cv::Scalar(0x80));
  for (const int compression : {COMPRESSION_NONE, COMPRESSION_CCITTFAX4}) {
    const std::string bytes = encode_tiff(
        packed,
        {{TIFFTAG_IMAGEWIDTH, 8}, {TIFFTAG_BITSPERSAMPLE, 1}, {TIFFTAG_COMPRESSION, compression}});
    EXPECT_EQ(tiff_pixel(bytes, 0, 0)[0], 255) << compression;
    EXPECT_EQ(tiff_pixel(bytes, 0, 1)[0], 0) << compression;
  }
}

TEST(Tiff, AlphaIsBlendedOnWhite) {
  const cv::Mat plain(2, 2, CV_8UC4, cv::Scalar(100, 0, 255, 51));
  EXPECT_LE(
      largest_difference(
          decode_image(encode_tiff(plain, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}}), "a"),
          cv::Mat(2, 2, CV_8UC3, cv::Scalar(224, 204, 255))),
      1);
  const cv::Mat multiplied(2, 2, CV_8UC4, cv::Scalar(20, 0, 51, 51));
  EXPECT_EQ(tiff_pixel(encode_tiff(multiplied, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_ASSOCALPHA}})),
            cv::Vec3b(224, 204, 255));
  const cv::Mat grey(2, 2, CV_8UC2, cv::Scalar(100, 51));
  EXPECT_EQ(tiff_pixel(encode_tiff(grey, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}})),
            cv::Vec3b(224, 224, 224));
  cv::Mat deep;
  plain.convertTo(deep, CV_16U, 257);
  EXPECT_EQ(tiff_pixel(encode_tiff(deep, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}})),
            cv::Vec3b(224, 204, 255));
}

TEST(Tiff, EveryOrientationComesUpright) {
  const cv::Mat stored = gradient(30, 20, 2);
  cv::Mat deep;
  stored.convertTo(deep, CV_16U, 257);
  for (const cv::Mat& samples : {stored, deep}) {
    const auto decode = [&](int orientation) {
      return decode_image(encode_tiff(samples, {{TIFFTAG_ORIENTATION, orientation}}), "a");
    };
    const auto expect_turned = [&](int orientation, int rotation) {
      cv::Mat turned;
      cv::rotate(stored, turned, rotation);
      const cv::Mat decoded = decode(orientation);
      ASSERT_EQ(decoded.size(), turned.size()) << orientation;
      EXPECT_EQ(largest_difference(decoded, turned), 0) << orientation;
    };
    const auto expect_mirrored = [&](int orientation, int code) {
      cv::Mat mirrored;
      cv::flip(stored, mirrored, code);
      EXPECT_EQ(largest_difference(decode(orientation), mirrored), 0) << orientation;
    };
    EXPECT_EQ(largest_difference(decode(1), stored), 0);
    expect_mirrored(2, 1);
    expect_turned(3, cv::ROTATE_180);
    expect_mirrored(4, 0);
    expect_turned(6, cv::ROTATE_90_CLOCKWISE);
    expect_turned(8, cv::ROTATE_90_COUNTERCLOCKWISE);
    cv::Mat transposed;
    cv::transpose(stored, transposed);
    EXPECT_EQ(largest_difference(decode(5), transposed), 0);
    cv::flip(transposed, transposed, -1);
    EXPECT_EQ(largest_difference(decode(7), transposed), 0);
  }
}

TEST(Tiff, WhatCannotBeDecodedIsRefusedWithItsReason) {
  expect_contains(tiff_error(encode_tiff(cv::Mat(2, 2, CV_32SC1, cv::Scalar(1)),
                                         {{TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT}})),
                  {"folder/a.tif", "not supported", "32-bit"});
  std::string bytes = encode_tiff(gradient(8, 8), {{TIFFTAG_COMPRESSION, COMPRESSION_LZW}});
  const std::size_t tag = bytes.find(std::string("\x03\x01\x03\0\x01\0\0\0\x05\0", 10));
  ASSERT_NE(tag, std::string::npos);
  put(bytes, tag + 8, COMPRESSION_JBIG, 2);
  expect_contains(tiff_error(bytes), {"folder/a.tif", "JBIG"});
}

/// A little-endian TIFF whose directory has width and height, in that order or the other, and one
/// empty strip.
std::string tiff_header(bool is_big, std::uint64_t width, std::uint64_t height, bool is_sorted) {
  const std::size_t word = is_big ? 8 : 4;
  std::string bytes(120, '\0');
  bytes.replace(0, 4, std::string(is_big ? "II\x2B\0" : "II\x2A\0", 4));
  put(bytes, 4, 8, 4);  // BigTIFF: the size of offsets; else where the directory lies
  if (is_big) put(bytes, 8, 16, 8);
  const std::size_t directory = is_big ? 16 : 8;
  const std::size_t count = is_big ? 8 : 2;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> entries = {{TIFFTAG_IMAGEWIDTH, width},
                                                                  {TIFFTAG_IMAGELENGTH, height}};
  if (!is_sorted) std::swap(entries[0], entries[1]);
  entries.push_back({TIFFTAG_STRIPOFFSETS, 8});
  entries.push_back({TIFFTAG_STRIPBYTECOUNTS, 8});
  put(bytes, directory, entries.size(), count);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t entry = directory + count + i * (4 + 2 * word);
    put(bytes, entry, entries[i].first, 2);
    put(bytes, entry + 2, TIFF_LONG, 2);
    put(bytes, entry + 4, 1, word);
    put(bytes, entry + 4 + word, entries[i].second, 4);
  }
  return bytes;
}

TEST(Tiff, AHeaderThatClaimsTooMuchIsRefusedWhateverTheOrderOfItsTags) {
  for (const bool is_sorted : {true, false}) {
    expect_contains(tiff_error(tiff_header(false, 30000, 20000, is_sorted)),
                    {"folder/a.tif", "claims 30000 x 20000"});
    expect_contains(tiff_error(tiff_header(true, 70000, 90000, is_sorted)),
                    {"claims 70000 x 90000"});
  }
}

TEST(Tiff, HeadersCutShortAreRefusedWithoutAMessageOfLibtiffs) {
  testing::internal::CaptureStderr();
  for (const std::string& whole : {encode_tiff(gradient(4, 4)), tiff_header(false, 4, 4, true),
                                   tiff_header(true, 4, 4, true)}) {
    for (std::size_t size = 4; size < 58; ++size) {
      EXPECT_THROW(decode_image(whole.substr(0, size), "a"), DataError) << size;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace transfer
