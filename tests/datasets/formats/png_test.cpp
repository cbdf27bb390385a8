#include "datasets/formats/png_decoder.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <opencv2/core.hpp>

#include "core/big_endian.h"
#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

std::string png_error(const std::string& bytes) {
  return message_of<DataError>([&] { decode_image(bytes, "folder/a.png"); });
}

cv::Vec3b png_pixel(const std::string& bytes, int y = 0, int x = 0) {
  return decode_image(bytes, "a").at<cv::Vec3b>(y, x);
}

std::string number(std::size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string checked = type + data;
  return number(data.size()) + checked +
         number(crc32(0, reinterpret_cast<const Bytef*>(checked.data()),
                      static_cast<uInt>(checked.size())));
}

TEST(Png, GreyAnd16BitBecome8BitRgb) {
  EXPECT_EQ(png_pixel(encode_png(cv::Mat(4, 4, CV_8UC1, cv::Scalar(77)))), cv::Vec3b(77, 77, 77));
  EXPECT_EQ(
      png_pixel(encode_png(cv::Mat(4, 4, CV_16UC3, cv::Scalar(257 * 10, 257 * 20, 257 * 30)))),
      cv::Vec3b(10, 20, 30));
  EXPECT_EQ(png_pixel(encode_png(cv::Mat(4, 4, CV_16UC1, cv::Scalar(40000)))),
            cv::Vec3b(156, 156, 156));
}

TEST(Png, SixteenBitsAreRounded) {
  cv::Mat ramp(256, 256, CV_16UC1);
  for (int i = 0; i < 65536; ++i)
    ramp.at<std::uint16_t>(i / 256, i % 256) = static_cast<std::uint16_t>(i);
  const cv::Mat decoded = decode_image(encode_png(ramp), "a");
  for (int i = 0; i < 65536; ++i) {
    ASSERT_EQ(decoded.at<cv::Vec3b>(i / 256, i % 256)[1], (i + 128) / 257) << i;
  }
}

TEST(Png, SixteenBitsFollowTheRange) {
  const auto shade = [](const std::string& bytes, const std::optional<SampleRange>& range) {
    return decode_image(bytes, "a", 0, range).at<cv::Vec3b>(0, 0)[0];
  };
  const std::string grey = encode_png(cv::Mat(2, 2, CV_16UC1, cv::Scalar(1638)));
  EXPECT_EQ(shade(grey, SampleRange{0, 4095}), 102);
  EXPECT_EQ(shade(grey, SampleRange{0, 65535}), 6);
  EXPECT_EQ(shade(grey, std::nullopt), 6);
  EXPECT_EQ(shade(grey, SampleRange{0, 1023}), 255);
  // Alpha follows the colours, unless it goes beyond them.
  EXPECT_EQ(
      shade(encode_png(cv::Mat(2, 2, CV_16UC2, cv::Scalar(1638, 4095))), SampleRange{0, 4095}),
      102);
  const std::string clear = encode_png(cv::Mat(2, 2, CV_16UC2, cv::Scalar(1638, 51 * 257)));
  EXPECT_EQ(shade(clear, SampleRange{0, 4095}), 224);
  EXPECT_EQ(shade(encode_png(cv::Mat(2, 2, CV_8UC1, cv::Scalar(77))), SampleRange{0, 4095}), 77);
}

TEST(Png, SignificantBitsCountWhereTheValuesAgree) {
  const auto with_bits = [](int value, char bits) {
    return encode_png(cv::Mat(2, 2, CV_16UC1, cv::Scalar(value))).insert(33, chunk("sBIT", {bits}));
  };
  EXPECT_EQ(png_pixel(with_bits(1638, 12))[0], 102);
  EXPECT_EQ(png_pixel(with_bits(409, 10))[0], 102);
  // PNG demands that samples be scaled up to the whole range: 0x666 of 12 bits is 0x6666.
  EXPECT_EQ(png_pixel(with_bits(0x6666, 12))[0], 102);
  EXPECT_EQ(png_pixel(with_bits(1638, 16))[0], 6);
}

TEST(Png, TraitsNameWhatIsSpecial) {
  const std::string name = "a";
  const auto traits = [&](const std::string& bytes) { return png_traits({bytes, name}); };
  const std::string plain = encode_png(gradient(8, 8));
  EXPECT_TRUE(is_plain_png(plain));
  EXPECT_FALSE(is_plain_png(plain.substr(0, 40))) << "an animation could still follow";
  const std::string deep = encode_png(cv::Mat(2, 2, CV_16UC1, cv::Scalar(900)));
  EXPECT_FALSE(is_plain_png(deep));
  EXPECT_EQ(traits(deep).kind, SampleKind::kWhole);
  EXPECT_EQ(traits(deep).largest, 900);
  std::string animated = plain;
  animated.insert(33, chunk("acTL", number(7) + number(0)));
  EXPECT_FALSE(is_plain_png(animated));
  EXPECT_EQ(traits(animated).images, 7);
  EXPECT_EQ(largest_difference(decode_image(animated, "a"), gradient(8, 8)), 0);
}

TEST(Png, AlphaIsBlendedOnWhite) {
  cv::Mat clear(2, 2, CV_8UC4, cv::Scalar(0, 0, 0, 0));
  clear.at<cv::Vec4b>(1, 1) = {30, 20, 10, 255};
  clear.at<cv::Vec4b>(1, 0) = {100, 0, 255, 51};
  const std::string bytes = encode_png(clear);
  EXPECT_EQ(png_pixel(bytes, 0, 0), cv::Vec3b(255, 255, 255));
  EXPECT_EQ(png_pixel(bytes, 1, 1), cv::Vec3b(30, 20, 10));
  EXPECT_EQ(png_pixel(bytes, 1, 0), cv::Vec3b(224, 204, 255));
  EXPECT_EQ(png_pixel(encode_png(cv::Mat(2, 2, CV_8UC2, cv::Scalar(100, 51)))),
            cv::Vec3b(224, 224, 224));
}

TEST(Png, PalettesOfEveryDepthAreRead) {
  for (const int bits : {1, 2, 4, 8}) {
    cv::Mat indices(3, 5, CV_8UC1, cv::Scalar(1));
    indices.at<unsigned char>(2, 4) = 0;
    const std::string bytes = encode_palette_png(indices, bits, {{10, 20, 30}, {200, 100, 50}});
    EXPECT_EQ(png_pixel(bytes, 2, 4), cv::Vec3b(10, 20, 30)) << bits;
    EXPECT_EQ(png_pixel(bytes, 0, 0), cv::Vec3b(200, 100, 50)) << bits;
  }
}

TEST(Png, TransparentColoursOfAPaletteAreWhite) {
  cv::Mat indices = cv::Mat::zeros(2, 2, CV_8UC1);
  indices.at<unsigned char>(0, 1) = 1;
  const std::string bytes = encode_palette_png(indices, 8, {{10, 20, 30}, {200, 100, 50}}, {0});
  EXPECT_EQ(png_pixel(bytes, 0, 0), cv::Vec3b(255, 255, 255));
  EXPECT_EQ(png_pixel(bytes, 0, 1), cv::Vec3b(200, 100, 50));
}

TEST(Png, ATransparentColourOfAnRgbImageIsWhite) {
  cv::Mat rgb(2, 2, CV_8UC3, cv::Scalar(9, 8, 7));
  rgb.at<cv::Vec3b>(0, 1) = {1, 2, 3};
  std::string bytes = encode_png(rgb);
  bytes.insert(33, chunk("tRNS", std::string("\0\x09\0\x08\0\x07", 6)));
  EXPECT_EQ(png_pixel(bytes, 0, 0), cv::Vec3b(255, 255, 255));
  EXPECT_EQ(png_pixel(bytes, 0, 1), cv::Vec3b(1, 2, 3));
}

TEST(Png, ATransparentShadeOfAGreyImageIsWhite) {
  for (const int depth : {CV_8U, CV_16U}) {
    const int unit = depth == CV_8U ? 1 : 257;
    cv::Mat grey(1, 2, CV_8UC1, cv::Scalar(9));
    grey.at<unsigned char>(0, 1) = 70;
    grey.convertTo(grey, depth, unit);
    std::string bytes = encode_png(grey);
    bytes.insert(33, chunk("tRNS", depth == CV_8U ? std::string("\0\x09", 2) : "\x09\x09"));
    EXPECT_EQ(png_pixel(bytes, 0, 0), cv::Vec3b(255, 255, 255)) << depth;
    EXPECT_EQ(png_pixel(bytes, 0, 1), cv::Vec3b(70, 70, 70)) << depth;
  }
}

TEST(Png, WithAlphaOneIsPlainOnceItsStartShowsAPixel) {
  cv::Mat clear(64, 64, CV_8UC4, cv::Scalar(9, 9, 9, 0));
  EXPECT_FALSE(is_plain_png(encode_png(clear)));
  clear.at<cv::Vec4b>(0, 5)[3] = 1;
  const std::string bytes = encode_png(clear);
  EXPECT_TRUE(is_plain_png(bytes));
  EXPECT_TRUE(is_plain_png(bytes.substr(0, bytes.size() - 20))) << "the rest does not matter";
}

TEST(Png, InterlacedImagesAreRead) {
  const cv::Mat rgb = gradient(37, 23, 3);
  EXPECT_EQ(largest_difference(decode_image(encode_png(rgb, /*interlaced=*/true), "a"), rgb), 0);
}

TEST(Png, OrientationIsAppliedAndGammaIsNot) {
  const cv::Mat rgb = gradient(20, 10);
  std::string bytes = encode_png(rgb);
  std::string exif("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 26);
  bytes.insert(33, chunk("gAMA", number(100000)) + chunk("eXIf", exif));
  cv::Mat turned;
  cv::rotate(rgb, turned, cv::ROTATE_90_CLOCKWISE);
  const cv::Mat decoded = decode_image(bytes, "a");
  ASSERT_EQ(decoded.size(), turned.size());
  EXPECT_EQ(largest_difference(decoded, turned), 0);
}

TEST(Png, TheOrientationMayBeANumberOfAnotherSize) {
  const cv::Mat rgb = gradient(20, 10);
  for (const auto& [type, value] :
       std::vector<std::pair<char, std::string>>{{1, std::string("\x06\xFF\xFF\xFF", 4)},
                                                 {3, std::string("\0\x06\xFF\xFF", 4)},
                                                 {4, std::string("\0\0\0\x06", 4)}}) {
    std::string bytes = encode_png(rgb);
    const std::string exif = std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0", 13) + type +
                             std::string("\0\0\0\x01", 4) + value + std::string(4, '\0');
    bytes.insert(33, chunk("eXIf", exif));
    EXPECT_EQ(decode_image(bytes, "a").size(), cv::Size(10, 20)) << static_cast<int>(type);
  }
}

TEST(Png, AWrongChecksumIsFound) {
  std::string png = encode_png(gradient(16, 16));
  png[png.find("IDAT") + 6] ^= 1;
  expect_contains(png_error(png), {"folder/a.png", "checksum"});
}

TEST(Png, DataThatIsWrongInsideAChunkIsFound) {
  std::string png = encode_png(gradient(16, 16));
  const std::size_t length = png.find("IDAT") - 4;
  const std::size_t whole = 12 + big_endian(png, length);
  png.replace(length, whole, chunk("IDAT", "these bytes were never compressed"));
  expect_contains(png_error(png), {"folder/a.png", "damaged"});
}

TEST(Png, ChunksThatMakeNoPixelsAreNotRead) {
  const cv::Mat image = gradient(16, 16);
  std::string png = encode_png(image);
  png.insert(33, std::string("\0\0\0\x03iCCPbad\0\0\0\0", 15));
  testing::internal::CaptureStderr();
  const cv::Mat decoded = decode_image(png, "a");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(largest_difference(decoded, image), 0);
}

TEST(Png, AHeaderThatClaimsTooMuchIsRefused) {
  std::string png = encode_png(gradient(4, 4));
  png.replace(16, 8, std::string("\0\1\0\0\0\1\0\0", 8));
  expect_contains(png_error(png), {"folder/a.png", "65536 x 65536"});
  png.replace(16, 8, std::string(8, '\0'));
  expect_contains(png_error(png), {"folder/a.png", "0 x 0"});
}

TEST(Png, OneWhoseFirstChunkIsNotTheHeaderIsRefused) {
  const std::string bytes = encode_png(gradient(8, 8));
  const std::string signature = bytes.substr(0, 8);
  // Where the header's size would be, the text says 1 x 1.
  const std::string text = chunk("tEXt", std::string("\0\0\0\1\0\0\0\1\x08\2\0\0\0", 13));
  expect_contains(png_error(signature + text + bytes.substr(8)), {"first chunk is not IHDR"});
  std::string huge = bytes.substr(8);
  huge.replace(8, 8, number(60000) + number(60000));
  EXPECT_THROW(decode_image(bytes.substr(0, 33) + huge, "a"), DataError) << "a second header";
}

}  // namespace
}  // namespace transfer
