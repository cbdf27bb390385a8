#include "datasets/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>

#include "core/atomic_file.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

std::string encode_raw(const cv::Mat& image, const std::string& ending) {
  std::vector<unsigned char> bytes;
  cv::imencode(ending, image, bytes);
  return {bytes.begin(), bytes.end()};
}

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_INF);
}

std::string decode_error(const std::string& bytes) {
  return message_of<DataError>([&] { decode_image(bytes, "folder/a.jpg"); });
}

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

TEST(Decode, LosslessFormatsGiveTheSameRgb) {
  const cv::Mat image = gradient(40, 30, 3);
  for (const std::string ending : {".png", ".bmp", ".tiff"}) {
    const cv::Mat decoded = decode_image(encode(image, ending), "a" + ending);
    ASSERT_EQ(decoded.type(), CV_8UC3) << ending;
    EXPECT_EQ(largest_difference(decoded, image), 0) << ending;
  }
}

TEST(Decode, JpegAndWebpAreCloseWhateverTheName) {
  const cv::Mat image = gradient(64, 48, 3);
  EXPECT_LT(largest_difference(decode_image(encode(image, ".jpg"), "a.png"), image), 24);
  EXPECT_LT(largest_difference(decode_image(encode(image, ".webp"), "a.jpg"), image), 24);
}

TEST(Decode, GreyAnd16BitBecome8BitRgb) {
  cv::Mat grey(4, 4, CV_8UC1, cv::Scalar(77));
  EXPECT_EQ(decode_image(encode_raw(grey, ".png"), "a").at<cv::Vec3b>(0, 0), cv::Vec3b(77, 77, 77));
  cv::Mat deep(4, 4, CV_16UC3, cv::Scalar(257 * 10, 257 * 20, 257 * 30));
  EXPECT_EQ(decode_image(encode_raw(deep, ".png"), "a").at<cv::Vec3b>(0, 0), cv::Vec3b(30, 20, 10));
}

TEST(Decode, AlphaIsBlendedOnWhite) {
  cv::Mat clear(2, 2, CV_8UC4, cv::Scalar(0, 0, 0, 0));
  clear.at<cv::Vec4b>(1, 1) = {10, 20, 30, 255};
  const cv::Mat decoded = decode_image(encode_raw(clear, ".png"), "a");
  EXPECT_EQ(decoded.at<cv::Vec3b>(0, 0), cv::Vec3b(255, 255, 255));
  EXPECT_EQ(decoded.at<cv::Vec3b>(1, 1), cv::Vec3b(30, 20, 10));
}

TEST(Decode, EveryExifOrientationComesUpright) {
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

TEST(Decode, DamagedExifIsIgnored) {
  const std::string good = with_orientation(encode(gradient(16, 8), ".jpg"), 6);
  EXPECT_EQ(decode_image(good, "a").rows, 16);
  for (std::size_t i = 12; i < 30; ++i) {
    std::string damaged = good;
    damaged[i] = '\xEE';
    EXPECT_NO_THROW(decode_image(damaged, "a")) << i;
  }
}

TEST(Decode, ScaledDecodingKeepsTwiceTheTarget) {
  const std::string bytes = encode(gradient(1600, 1200), ".jpg");
  EXPECT_EQ(decode_image(bytes, "a", 256).rows, 600);
  EXPECT_EQ(decode_image(bytes, "a", 150).rows, 300);
  EXPECT_EQ(decode_image(bytes, "a", 600).rows, 600 * 2);
  EXPECT_EQ(decode_image(bytes, "a").rows, 1200);
}

TEST(Decode, EmptyAndForeignFilesAreNamed) {
  expect_contains(decode_error(""), {"folder/a.jpg", "0 bytes"});
  expect_contains(decode_error("<html>404</html>"), {"folder/a.jpg", "no image"});
}

TEST(Decode, TruncationIsFoundAtEveryLength) {
  const cv::Mat image = gradient(64, 64);
  for (const std::string ending : {".jpg", ".png"}) {
    const std::string whole = encode(image, ending);
    for (std::size_t size = 3; size + 8 < whole.size(); size += 7) {
      EXPECT_THROW(decode_image(whole.substr(0, size), "a"), DataError)
          << ending << " cut to " << size << " of " << whole.size();
    }
  }
}

TEST(Decode, AbsurdDimensionsAreRefusedFromTheHeader) {
  std::string png = encode(gradient(4, 4), ".png");
  png.replace(16, 8, std::string("\0\1\0\0\0\1\0\0", 8));
  expect_contains(decode_error(png), {"65536 x 65536"});
}

void put(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[offset + i] = static_cast<char>((value >> (8 * i)) & 255);
  }
}

/// A little-endian TIFF header of one directory that says width and height as 32-bit numbers.
std::string tiff_header(bool is_big, std::uint64_t width, std::uint64_t height) {
  const std::size_t word = is_big ? 8 : 4;
  std::string bytes(80, '\0');
  bytes.replace(0, 4, std::string(is_big ? "II\x2B\0" : "II\x2A\0", 4));
  put(bytes, 4, 8, 4);  // BigTIFF: the size of offsets; else where the directory lies
  if (is_big) put(bytes, 8, 16, 8);
  const std::size_t directory = is_big ? 16 : 8;
  const std::size_t count = is_big ? 8 : 2;
  put(bytes, directory, 2, count);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t entry = directory + count + i * (4 + 2 * word);
    put(bytes, entry, 256 + i, 2);
    put(bytes, entry + 2, 4, 2);
    put(bytes, entry + 4, 1, word);
    put(bytes, entry + 4 + word, i == 0 ? width : height, 4);
  }
  return bytes;
}

TEST(Decode, AbsurdDimensionsAreRefusedInEveryFormat) {
  std::string bmp = encode(gradient(4, 4), ".bmp");
  put(bmp, 18, 20000, 4);
  put(bmp, 22, 0xFFFFFFFFU - 19999, 4);  // -20000: stored top down
  expect_contains(decode_error(bmp), {"folder/a.jpg", "claims 20000 x 20000"});
  expect_contains(decode_error(tiff_header(false, 20000, 20000)), {"claims 20000 x 20000"});
  expect_contains(decode_error(tiff_header(true, 70000, 90000)), {"claims 70000 x 90000"});
  std::string webp("RIFF\x16\0\0\0WEBPVP8X\x0A\0\0\0", 20);
  webp += std::string(10, '\0');
  put(webp, 24, 49999, 3);
  put(webp, 27, 29999, 3);
  expect_contains(decode_error(webp), {"claims 50000 x 30000"});
}

TEST(Decode, HeadersCutShortAreLeftToTheDecoder) {
  for (const std::string& whole :
       {encode(gradient(4, 4), ".bmp"), encode(gradient(4, 4), ".tiff"),
        encode(gradient(4, 4), ".webp"), tiff_header(false, 4, 4), tiff_header(true, 4, 4)}) {
    for (std::size_t size = 2; size < std::min<std::size_t>(whole.size(), 100); ++size) {
      EXPECT_NO_THROW(try { decode_image(whole.substr(0, size), "a"); } catch (const DataError&){});
    }
  }
}

TEST(Decode, OpencvReportsNothingAboutFilesItCannotRead) {
  testing::internal::CaptureStderr();
  std::string bmp = encode(gradient(8, 8), ".bmp");
  decode_error(bmp.substr(0, bmp.size() / 2));
  put(bmp, 28, 7, 2);  // bits a pixel that no BMP has
  decode_error(bmp);
  decode_error(tiff_header(false, 4, 4));
  std::cerr << "imdecode is"
            << " no report" << std::endl;
  std::cerr << "plain" << std::flush;
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "imdecode is no report\nplain");
}

TEST(Decode, AWrongPngChecksumIsFound) {
  std::string png = encode(gradient(16, 16), ".png");
  png[png.find("IDAT") + 6] ^= 1;
  expect_contains(decode_error(png), {"folder/a.jpg", "checksum"});
}

TEST(Decode, PngChunksThatMakeNoPixelsAreNotRead) {
  const cv::Mat image = gradient(16, 16);
  std::string png = encode(image, ".png");
  png.insert(33, std::string("\0\0\0\x03iCCPbad\0\0\0\0", 15));
  testing::internal::CaptureStderr();
  const cv::Mat decoded = decode_image(png, "a");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(largest_difference(decoded, image), 0);
}

/// Files where we and Pillow rightly differ, and why.
const std::set<std::string> kWeReadMore = {
    "png_decompression_dos.png",  // Pillow refuses its text chunk; the 1x1 image itself is whole
};
const std::set<std::string> kWeReadLess = {
    "badcrc.png",  // a critical chunk's checksum is wrong: damage, which Pillow lets pass
};

TEST(Decode, AwkwardFilesAreReadOrRefusedAsByPillow) {
  const char* data = std::getenv("TRANSFER_DATA");
  if (data == nullptr) GTEST_SKIP() << "TRANSFER_DATA is not set";
  const std::filesystem::path folder = std::filesystem::path(data) / "awkward";
  if (!std::filesystem::exists(folder / "MANIFEST.txt")) GTEST_SKIP() << folder << " is missing";
  std::istringstream manifest(read_file(folder / "MANIFEST.txt"));
  const std::set<std::string> formats = {"JPEG", "MPO", "PNG", "BMP", "TIFF", "WEBP"};
  std::string line;
  int checked = 0;
  while (std::getline(manifest, line)) {
    if (line.starts_with("#")) continue;
    const std::string name = line.substr(0, line.find('\t'));
    std::istringstream verdict(line.substr(line.rfind('\t') + 1));
    std::string pillow, outcome, format;
    verdict >> pillow >> outcome >> format;
    if (outcome == "ok" && !formats.contains(format)) continue;
    ++checked;
    const bool expected =
        (outcome == "ok" || kWeReadMore.contains(name)) && !kWeReadLess.contains(name);
    bool decoded = true;
    std::string reason;
    try {
      decode_image(read_file(folder / name), name);
    } catch (const DataError& error) {
      decoded = false;
      reason = error.what();
    }
    EXPECT_EQ(decoded, expected) << name << ": Pillow says " << outcome << "; " << reason;
  }
  EXPECT_GT(checked, 50);
}

}  // namespace
}  // namespace transfer
