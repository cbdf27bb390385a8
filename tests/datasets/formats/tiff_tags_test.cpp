#include <gtest/gtest.h>
#include <tiffio.h>

#include <opencv2/core.hpp>

#include "core/atomic_file.h"
#include "datasets/decode.h"
#include "datasets/formats/tiff_decoder.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using TiffTags = std::vector<std::pair<std::uint32_t, int>>;

/// The first pixel, read with the range.
cv::Vec3b first_pixel(const std::string& bytes,
                      const std::optional<SampleRange>& range = std::nullopt) {
  return decode_image(bytes, "a", 0, range).at<cv::Vec3b>(0, 0);
}

const TiffTags kAlpha = {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}};

TEST(TiffAlpha, FollowsTheRangeOfTheColours) {
  // 100, 0, 255 with an alpha of a fifth, on white.
  const cv::Vec3b blended(224, 204, 255);
  const cv::Mat plain(1, 1, CV_32FC4, cv::Scalar(100, 0, 255, 51));
  const auto as = [&](int depth, double unit) {
    cv::Mat samples;
    plain.convertTo(samples, depth, unit);
    return encode_tiff(samples, kAlpha);
  };
  const auto expect_near = [&](const std::string& bytes, const SampleRange& range,
                               const char* what) {
    EXPECT_LE(cv::norm(cv::Vec3i(first_pixel(bytes, range)) - cv::Vec3i(blended), cv::NORM_INF), 1)
        << what;
  };
  expect_near(as(CV_16U, 4095.0 / 255), {0, 4095}, "12 of 16 bits");
  expect_near(as(CV_16U, 257), {0, 65535}, "16 bits");
  expect_near(as(CV_16S, 32767.0 / 255), {0, 32767}, "signed");
  expect_near(as(CV_32F, 1), {0, 255}, "floats to 255");
  expect_near(as(CV_32F, 1.0 / 255), {0, 1}, "floats to 1");
}

TEST(TiffAlpha, GoesBeyondTheColoursWhereItHoldsMore) {
  const auto shade = [](int value, int alpha, const SampleRange& range) {
    return first_pixel(encode_tiff(cv::Mat(1, 1, CV_16UC2, cv::Scalar(value, alpha)), kAlpha),
                       range)[0];
  };
  EXPECT_EQ(shade(1638, 65535, {0, 4095}), 102);
  EXPECT_EQ(shade(1638, 51 * 257, {0, 4095}), 224);
  EXPECT_EQ(shade(40, 255, {0, 100}), 102);
  const cv::Mat floats(1, 1, CV_32FC2, cv::Scalar(102, 1));
  EXPECT_EQ(first_pixel(encode_tiff(floats, kAlpha), SampleRange{0, 255})[0], 102);
}

TEST(TiffAlpha, OfMaxSampleValueAndOfAPalette) {
  TiffTags tags = kAlpha;
  tags.push_back({TIFFTAG_MAXSAMPLEVALUE, 4095});
  const cv::Mat opaque(1, 1, CV_16UC4, cv::Scalar(1638, 0, 4095, 4095));
  EXPECT_EQ(first_pixel(encode_tiff(opaque, tags)), cv::Vec3b(102, 0, 255));

  // Position 1 of the palette has the colour that encode_tiff gives it.
  const cv::Mat positions(1, 1, CV_8UC2, cv::Scalar(1, 51));
  EXPECT_EQ(first_pixel(encode_tiff(
                positions,
                {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_PALETTE}, kAlpha[0], {TIFFTAG_COLORMAP, 0}})),
            cv::Vec3b(224, 204, 255));
}

TEST(TiffTags, SmallestAndLargestValueAreARangeWhereNoDataSetDecides) {
  const cv::Mat middle(1, 1, CV_16UC1, cv::Scalar(2000));
  for (const TiffTags& tags :
       {TiffTags{{TIFFTAG_MINSAMPLEVALUE, 1000}, {TIFFTAG_MAXSAMPLEVALUE, 3000}},
        TiffTags{{TIFFTAG_SMINSAMPLEVALUE, 1000}, {TIFFTAG_SMAXSAMPLEVALUE, 3000}}}) {
    const std::string bytes = encode_tiff(middle, tags);
    EXPECT_EQ(first_pixel(bytes)[0], 128);
    EXPECT_EQ(first_pixel(bytes, SampleRange{0, 4000})[0], 128);
    const std::string name = "a";
    EXPECT_EQ(tiff_traits({bytes, name}).stated, (SampleRange{1000, 3000}));
  }
  const TiffTags wrong = {{TIFFTAG_MINSAMPLEVALUE, 1000}, {TIFFTAG_MAXSAMPLEVALUE, 1500}};
  EXPECT_EQ(first_pixel(encode_tiff(middle, wrong))[0], 8) << "the samples contradict the tags";
}

TEST(TiffTags, BytesMayHaveFewerBits) {
  const cv::Mat grey(1, 1, CV_8UC1, cv::Scalar(6));
  EXPECT_EQ(first_pixel(encode_tiff(grey, {{TIFFTAG_MAXSAMPLEVALUE, 15}}))[0], 102);
  EXPECT_EQ(first_pixel(encode_tiff(grey, {{TIFFTAG_MAXSAMPLEVALUE, 200}}))[0], 6);
  EXPECT_EQ(first_pixel(encode_tiff(grey, {{TIFFTAG_MAXSAMPLEVALUE, 7}}))[0], 6)
      << "more likely what a dark image holds";
}

TEST(TiffTags, InksHaveTheBitsThatATagOrTheRangeSays) {
  const cv::Mat inks(1, 1, CV_16UC4, cv::Scalar(4095, 819, 0, 819));
  const TiffTags cmyk = {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_SEPARATED}};
  EXPECT_EQ(first_pixel(encode_tiff(inks, cmyk), SampleRange{0, 4095}), cv::Vec3b(0, 163, 204));
  EXPECT_EQ(first_pixel(encode_tiff(inks, {cmyk[0], {TIFFTAG_MAXSAMPLEVALUE, 4095}})),
            cv::Vec3b(0, 163, 204));
}

TEST(TiffTags, WhatGdalCallsMissingIsBlack) {
  const TiffTags missing = {{kGdalNoData, 60000}};
  const cv::Mat words(1, 1, CV_16UC1, cv::Scalar(60000));
  EXPECT_EQ(first_pixel(encode_tiff(words, missing), SampleRange{0, 4095})[0], 0);
  EXPECT_EQ(first_pixel(encode_tiff(words), SampleRange{0, 4095})[0], 255);
  const cv::Mat bytes(1, 1, CV_8UC1, cv::Scalar(255));
  EXPECT_EQ(first_pixel(encode_tiff(bytes, {{kGdalNoData, 255}}))[0], 0);
  const cv::Mat floats(1, 1, CV_32FC1, cv::Scalar(-9999));
  EXPECT_EQ(first_pixel(encode_tiff(floats, {{kGdalNoData, -9999},
                                             {TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE}}),
                        SampleRange{0, 1})[0],
            0)
      << "also where the smallest value is white";
}

/// A grey TIFF of pages of one shade and size, each with its NewSubfileType.
std::string encode_kinds(const std::vector<std::pair<std::uint32_t, int>>& kinds_and_shades) {
  const TemporaryFolder folder;
  const std::string file = folder / "pages.tiff";
  TIFF* tiff = TIFFOpen(file.c_str(), "w");
  for (const auto& [kind, shade] : kinds_and_shades) {
    TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, kind);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 1);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    auto pixel = static_cast<unsigned char>(shade);
    TIFFWriteScanline(tiff, &pixel, 0, 0);
    TIFFWriteDirectory(tiff);
  }
  TIFFClose(tiff);
  return read_file(file);
}

TEST(TiffPages, TheFirstOfFullSizeIsRead) {
  const std::string bytes =
      encode_kinds({{FILETYPE_REDUCEDIMAGE, 10}, {FILETYPE_MASK, 20}, {0, 30}, {0, 40}});
  const std::string name = "a";
  EXPECT_EQ(first_pixel(bytes)[0], 30);
  EXPECT_EQ(decode_bands(bytes, "a", 2).at<cv::Vec2b>(0, 0), cv::Vec2b(30, 40));
  EXPECT_TRUE(tiff_traits({bytes, name}).follows_smaller_copy);
  EXPECT_EQ(tiff_traits({bytes, name}).images, 2);
  const std::string only_copies =
      encode_kinds({{FILETYPE_REDUCEDIMAGE, 10}, {FILETYPE_REDUCEDIMAGE, 20}});
  EXPECT_EQ(first_pixel(only_copies)[0], 10);
  EXPECT_FALSE(tiff_traits({only_copies, name}).follows_smaller_copy);
}

TEST(TiffCompression, OnesThatAreNotSupportedAreNamed) {
  std::string bytes = encode_tiff(gradient(8, 8), {{TIFFTAG_COMPRESSION, COMPRESSION_LZW}});
  const std::size_t tag = bytes.find(std::string("\x03\x01\x03\0\x01\0\0\0\x05\0", 10));
  ASSERT_NE(tag, std::string::npos);
  for (const auto& [number, name] : std::vector<std::pair<int, std::string>>{
           {34712, "34712 (JPEG 2000)"}, {50002, "50002 (JPEG XL)"}, {12345, "12345"}}) {
    put(bytes, tag + 8, static_cast<std::uint64_t>(number), 2);
    for (const int bands : {0, 3}) {
      expect_contains(message_of<DataError>([&] {
                        if (bands == 0)
                          decode_image(bytes, "folder/a.tif");
                        else
                          decode_bands(bytes, "folder/a.tif", bands);
                      }),
                      {"folder/a.tif: ", "compression " + name, "not supported"});
    }
  }
}

}  // namespace
}  // namespace transfer
