#include "datasets/formats/tiff_decoder.h"

#include <gtest/gtest.h>
#include <tiffio.h>

#include <cmath>
#include <limits>
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
  EXPECT_EQ(tiff_pixel(encode_tiff(cv::Mat(3, 3, CV_64FC1, cv::Scalar(1.0)))),
            cv::Vec3b(255, 255, 255));
  EXPECT_EQ(tiff_pixel(encode_tiff(cv::Mat(3, 3, CV_16UC1, cv::Scalar(65535)),
                                   {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE}})),
            cv::Vec3b(0, 0, 0));
}

/// The first value of a row of grey samples, read with the range.
int tiff_shade(const std::string& bytes, const std::optional<SampleRange>& range, int x = 0) {
  return decode_image(bytes, "a", 0, range).at<cv::Vec3b>(0, x)[0];
}

TEST(Tiff, FloatsAndSignedNumbersFollowTheRange) {
  const cv::Mat floats = (cv::Mat_<float>(1, 4) << -50.0F, 0.0F, 102.0F, 300.0F);
  const std::string bytes = encode_tiff(floats);
  EXPECT_EQ(tiff_shade(bytes, SampleRange{0, 255}, 2), 102);
  EXPECT_EQ(tiff_shade(bytes, SampleRange{0, 255}, 0), 0);
  EXPECT_EQ(tiff_shade(bytes, SampleRange{0, 255}, 3), 255);
  EXPECT_EQ(tiff_shade(bytes, SampleRange{-50, 300}, 1), 36);
  for (const int depth : {CV_8S, CV_16S, CV_32S}) {
    cv::Mat numbers;
    const cv::Mat whole = (cv::Mat_<int>(1, 3) << -100, 0, 100);
    whole.convertTo(numbers, depth);
    EXPECT_EQ(tiff_shade(encode_tiff(numbers), SampleRange{-100, 100}, 0), 0) << depth;
    EXPECT_EQ(tiff_shade(encode_tiff(numbers), SampleRange{-100, 100}, 1), 128) << depth;
    EXPECT_EQ(tiff_shade(encode_tiff(numbers), SampleRange{-100, 100}, 2), 255) << depth;
  }
  const cv::Mat large(1, 1, CV_32SC1, cv::Scalar(-2));  // 2³² − 2 where it is unsigned
  EXPECT_EQ(tiff_shade(encode_tiff(large, {{TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT}}),
                       SampleRange{0, 4294967295.0}),
            255);
}

TEST(Tiff, FloatsWithoutARangeAreReadFrom0To1OrRefused) {
  EXPECT_EQ(tiff_shade(encode_tiff(cv::Mat(1, 1, CV_32FC1, cv::Scalar(0.4))), std::nullopt), 102);
  expect_contains(tiff_error(encode_tiff(cv::Mat(1, 1, CV_32FC1, cv::Scalar(7.5)))),
                  {"folder/a.tif: ", "7.5", "data.sample_range", "8 bits"});
  expect_contains(tiff_error(encode_tiff(cv::Mat(1, 1, CV_32FC1, cv::Scalar(-0.5)))), {"-0.5"});
  expect_contains(tiff_error(encode_tiff(cv::Mat(1, 1, CV_16SC1, cv::Scalar(1000)))), {"1000"});
  // What the file itself states comes before that.
  EXPECT_EQ(tiff_shade(encode_tiff(cv::Mat(1, 1, CV_32FC1, cv::Scalar(102)),
                                   {{TIFFTAG_SMINSAMPLEVALUE, 0}, {TIFFTAG_SMAXSAMPLEVALUE, 255}}),
                       std::nullopt),
            102);
}

TEST(Tiff, ValuesThatAreNoNumbersAreBlackOrWhite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const cv::Mat floats = (cv::Mat_<float>(1, 4) << std::numeric_limits<float>::quiet_NaN(),
                          kInfinity, -kInfinity, 0.2F);
  const std::string bytes = encode_tiff(floats);
  EXPECT_EQ(tiff_shade(bytes, std::nullopt, 0), 0);
  EXPECT_EQ(tiff_shade(bytes, std::nullopt, 1), 255);
  EXPECT_EQ(tiff_shade(bytes, std::nullopt, 2), 0);
  EXPECT_EQ(tiff_shade(bytes, std::nullopt, 3), 51);
  const std::string nothing = encode_tiff(cv::Mat(2, 2, CV_32FC1, cv::Scalar(kInfinity)));
  expect_contains(tiff_error(nothing), {"folder/a.tif: ", "no finite number"});
}

TEST(Tiff, MaxSampleValueSaysHowManyBitsCount) {
  for (const auto& [largest, value] : {std::pair{4095, 1638}, {1023, 409}, {16383, 6553}}) {
    const cv::Mat samples(1, 1, CV_16UC1, cv::Scalar(value));
    const std::string bytes = encode_tiff(samples, {{TIFFTAG_MAXSAMPLEVALUE, largest}});
    // The file's tag comes before the range of the data set.
    EXPECT_EQ(tiff_shade(bytes, SampleRange{0, 65535}), 102) << largest;
    EXPECT_EQ(tiff_shade(bytes, std::nullopt), 102) << largest;
  }
  const cv::Mat samples(1, 1, CV_16UC1, cv::Scalar(2048));
  EXPECT_EQ(
      tiff_shade(encode_tiff(samples, {{TIFFTAG_MAXSAMPLEVALUE, 2100}}), SampleRange{0, 4096}), 128)
      << "statistics of one image are no range";
  EXPECT_EQ(
      tiff_shade(encode_tiff(samples, {{TIFFTAG_MAXSAMPLEVALUE, 1023}}), SampleRange{0, 4096}), 128)
      << "the samples contradict the tag";
  const cv::Mat white(1, 2, CV_16UC1, cv::Scalar(0));
  EXPECT_EQ(tiff_shade(encode_tiff(white, {{TIFFTAG_MAXSAMPLEVALUE, 4095},
                                           {TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE}}),
                       std::nullopt),
            255);
}

TEST(Tiff, BandsThatAreNoAlphaAreIgnored) {
  const cv::Vec3b colour(200, 100, 50);
  const cv::Mat infrared(4, 4, CV_8UC4, cv::Scalar(200, 100, 50, 90));
  for (const int planes : {PLANARCONFIG_CONTIG, PLANARCONFIG_SEPARATE}) {
    EXPECT_EQ(tiff_pixel(encode_tiff(infrared, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED},
                                                {TIFFTAG_PLANARCONFIG, planes}})),
              colour);
  }
  cv::Mat deep;
  infrared.convertTo(deep, CV_16U, 257);
  EXPECT_EQ(tiff_pixel(encode_tiff(deep, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED}})),
            colour);
  // Alpha may come after another band.
  cv::Mat bands[] = {cv::Mat(2, 2, CV_8UC1, cv::Scalar(100)), cv::Mat(2, 2, CV_8UC1, cv::Scalar(0)),
                     cv::Mat(2, 2, CV_8UC1, cv::Scalar(255)), cv::Mat(2, 2, CV_8UC1, cv::Scalar(7)),
                     cv::Mat(2, 2, CV_8UC1, cv::Scalar(51))};
  cv::Mat merged;
  cv::merge(bands, 5, merged);
  EXPECT_EQ(tiff_pixel(encode_tiff(merged, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED},
                                            {TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}})),
            cv::Vec3b(224, 204, 255));
  const cv::Mat grey(2, 2, CV_8UC4, cv::Scalar(77, 1, 2, 3));
  EXPECT_EQ(tiff_pixel(encode_tiff(grey, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK},
                                          {TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED},
                                          {TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED},
                                          {TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED}})),
            cv::Vec3b(77, 77, 77));
}

TEST(Tiff, InksOfEveryDepthBecomeRgb) {
  const cv::Mat inks(2, 2, CV_8UC4, cv::Scalar(255, 51, 0, 51));
  cv::Mat deep;
  inks.convertTo(deep, CV_16U, 257);
  for (const cv::Mat& samples : {inks, deep}) {
    EXPECT_EQ(tiff_pixel(encode_tiff(samples, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_SEPARATED}})),
              cv::Vec3b(0, 163, 204));
  }
}

TEST(Tiff, LabBecomesSrgb) {
  // Colours of L*a*b* with white D50 as LittleCMS turns them to sRGB.
  struct Colour {
    double l, a, b;
    cv::Vec3b rgb;
  };
  for (const Colour& c :
       {Colour{54.9, 39, 45, {203, 101, 54}}, Colour{31.37, 30, -60, {65, 59, 170}},
        Colour{100, 0, 0, {255, 255, 255}}, Colour{53.73, 0, 0, {128, 128, 128}}}) {
    const auto byte = [](double value) { return static_cast<int>(std::lround(value)) & 255; };
    const auto word = [](double value) { return static_cast<int>(std::lround(value)) & 65535; };
    const cv::Mat cie(1, 1, CV_8UC3, cv::Scalar(byte(c.l * 2.55), byte(c.a), byte(c.b)));
    const cv::Mat icc(1, 1, CV_8UC3, cv::Scalar(byte(c.l * 2.55), c.a + 128, c.b + 128));
    const cv::Mat deep(1, 1, CV_16UC3,
                       cv::Scalar(word(c.l * 655.35), word(c.a * 256), word(c.b * 256)));
    for (const std::string& bytes :
         {encode_tiff(cie, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_CIELAB}}),
          encode_tiff(icc, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_ICCLAB}}),
          encode_tiff(deep, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_CIELAB}})}) {
      EXPECT_LE(cv::norm(cv::Vec3i(tiff_pixel(bytes)) - cv::Vec3i(c.rgb), cv::NORM_INF), 2)
          << c.l << " " << tiff_pixel(bytes);
    }
  }
}

TEST(Tiff, TraitsNameWhatIsSpecial) {
  const auto traits = [](const std::string& bytes) {
    const std::string name = "a";
    return tiff_traits({bytes, name});
  };
  const SampleTraits plain = traits(encode_tiff(gradient(8, 8)));
  EXPECT_EQ(plain.kind, SampleKind::kKnown);
  EXPECT_EQ(plain.images, 1);
  EXPECT_EQ(plain.ignored_bands, 0);
  const SampleTraits words = traits(encode_tiff(cv::Mat(2, 2, CV_16UC1, cv::Scalar(900))));
  EXPECT_EQ(words.kind, SampleKind::kWhole);
  EXPECT_EQ(words.largest, 900);
  EXPECT_EQ(traits(encode_tiff(cv::Mat(2, 2, CV_16UC1, cv::Scalar(900)),
                               {{TIFFTAG_MAXSAMPLEVALUE, 1023}}))
                .kind,
            SampleKind::kKnown);
  const cv::Mat floats = (cv::Mat_<float>(1, 2) << -2.5F, std::numeric_limits<float>::infinity());
  const SampleTraits real = traits(encode_tiff(floats));
  EXPECT_EQ(real.kind, SampleKind::kReal);
  EXPECT_EQ(real.smallest, -2.5);
  EXPECT_EQ(real.largest, -2.5);
  EXPECT_TRUE(real.has_non_finite);
  EXPECT_FALSE(real.is_whole);
  EXPECT_EQ(traits(encode_tiff(cv::Mat(2, 2, CV_8UC4, cv::Scalar::all(1)),
                               {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED}}))
                .ignored_bands,
            1);
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
  expect_contains(tiff_error(encode_tiff(cv::Mat(2, 2, CV_16UC1, cv::Scalar(1)),
                                         {{TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_COMPLEXINT}})),
                  {"folder/a.tif", "16-bit samples", "SampleFormat", "not supported"});
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
