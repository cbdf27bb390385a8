#include "datasets/formats/gif_decoder.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

/// Codes of growing size, the lowest bit first, in sub-blocks.
class GifWriter {
 public:
  explicit GifWriter(int code_size) : code_size_(code_size), bits_(code_size + 1) {}

  void put_code(int code) {
    buffer_ |= static_cast<std::uint32_t>(code) << held_;
    for (held_ += bits_; held_ >= 8; held_ -= 8, buffer_ >>= 8) {
      bytes_ += static_cast<char>(buffer_ & 255);
    }
  }
  void set_bits(int bits) { bits_ = bits; }

  std::string data() const {
    const std::string all = bytes_ + static_cast<char>(buffer_ & 255);
    std::string blocks(1, static_cast<char>(code_size_));
    for (std::size_t at = 0; at < all.size(); at += 255) {
      const std::string part = all.substr(at, 255);
      blocks += static_cast<char>(part.size()) + part;
    }
    return blocks + '\0';
  }

 private:
  int code_size_;
  int bits_;
  std::uint32_t buffer_ = 0;
  int held_ = 0;
  std::string bytes_;
};

/// One code for each value, and a fresh dictionary before it grows.
std::string plain_codes(const std::string& values) {
  GifWriter writer(8);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 200 == 0) writer.put_code(256);
    writer.put_code(static_cast<unsigned char>(values[i]));
  }
  writer.put_code(257);
  return writer.data();
}

/// A palette in which colour i is (i, 255 − i, 7).
std::string ramp_palette() {
  std::string palette;
  for (int i = 0; i < 256; ++i) {
    palette += {static_cast<char>(i), static_cast<char>(255 - i), '\x07'};
  }
  return palette;
}

std::string gif_header(int width, int height) {
  std::string bytes("GIF89a\0\0\0\0\xF7\0\0", 13);
  put(bytes, 6, static_cast<std::uint64_t>(width), 2);
  put(bytes, 8, static_cast<std::uint64_t>(height), 2);
  return bytes + ramp_palette();
}

std::string gif_image(cv::Rect place, const std::string& codes, bool is_interlaced = false) {
  std::string bytes(10, '\0');
  bytes[0] = '\x2C';
  put(bytes, 1, static_cast<std::uint64_t>(place.x), 2);
  put(bytes, 3, static_cast<std::uint64_t>(place.y), 2);
  put(bytes, 5, static_cast<std::uint64_t>(place.width), 2);
  put(bytes, 7, static_cast<std::uint64_t>(place.height), 2);
  bytes[9] = is_interlaced ? '\x40' : '\0';
  return bytes + codes;
}

/// The red values of a decoded image, row by row; 'W' for white.
std::string reds_of(const std::string& bytes) {
  const cv::Mat rgb = decode_image(bytes, "a");
  std::string reds;
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const auto& pixel = rgb.at<cv::Vec3b>(y, x);
      reds += pixel == cv::Vec3b(255, 255, 255) ? 'W' : static_cast<char>(pixel[0]);
    }
  }
  return reds;
}

std::string gif_error(const std::string& bytes) {
  return message_of<DataError>([&] { decode_image(bytes, "folder/a.gif"); });
}

TEST(Gif, TheFirstImageIsReadAndAllAreCounted) {
  const std::string bytes = gif_header(3, 2) + gif_image({0, 0, 3, 2}, plain_codes("abcdef")) +
                            gif_image({0, 0, 3, 2}, plain_codes("uvwxyz"));
  const std::string name = "a";
  EXPECT_EQ(reds_of(bytes + ";"), "abcdef");
  EXPECT_EQ(decode_image(bytes + ";", "a").at<cv::Vec3b>(0, 0), cv::Vec3b('a', 255 - 'a', 7));
  const std::string whole = bytes + ";";
  EXPECT_EQ(gif_traits({whole, name}).images, 2);
  EXPECT_EQ(gif_traits({bytes, name}).images, 2) << "the mark of the end is missing";
}

TEST(Gif, RunsOfTheDictionaryAreUnpacked) {
  // a, aa (the code that is only about to be known), aaa, b: 258 is "aa", 259 "aaa".
  GifWriter writer(8);
  for (const int code : {256, 'a' + 0, 258, 259, 'b' + 0, 257}) writer.put_code(code);
  EXPECT_EQ(reds_of(gif_header(7, 1) + gif_image({0, 0, 7, 1}, writer.data()) + ";"), "aaaaaab");
  // Codes get longer when the dictionary needs it: 258 to 511 are known after 255 values.
  GifWriter longer(8);
  std::string values;
  longer.put_code(256);
  for (int i = 0; i < 300; ++i) {
    if (i == 255) longer.set_bits(10);
    const char value = static_cast<char>('a' + i * i % 23);
    values += value;
    longer.put_code(value);
  }
  EXPECT_EQ(reds_of(gif_header(300, 1) + gif_image({0, 0, 300, 1}, longer.data()) + ";"), values);
}

TEST(Gif, RowsMayBeInterlaced) {
  const std::string stored = "aiecgbdfh";  // rows 0, 8, 4, 2, 6, 1, 3, 5, 7
  EXPECT_EQ(reds_of(gif_header(1, 9) + gif_image({0, 0, 1, 9}, plain_codes(stored), true) + ";"),
            "abcdefghi");
}

TEST(Gif, TransparentPixelsAndTheFreeCanvasAreWhite) {
  const std::string control("\x21\xF9\x04\x01\0\0b\0", 8);
  EXPECT_EQ(reds_of(gif_header(3, 1) + control + gif_image({1, 0, 2, 1}, plain_codes("ab")) + ";"),
            "WaW");
  const std::string name = "a";
  const std::string clear =
      gif_header(2, 1) + control + gif_image({0, 0, 2, 1}, plain_codes("bb")) + ";";
  EXPECT_TRUE(gif_traits({clear, name}).is_transparent);
  const std::string visible =
      gif_header(2, 1) + control + gif_image({0, 0, 2, 1}, plain_codes("ba")) + ";";
  EXPECT_FALSE(gif_traits({visible, name}).is_transparent);
}

TEST(Gif, DamageIsNamed) {
  const std::string good = gif_header(3, 2) + gif_image({0, 0, 3, 2}, plain_codes("abcdef")) + ";";
  for (std::size_t size = 6; size + 2 < good.size(); size += 5) {
    expect_contains(gif_error(good.substr(0, size)), {"folder/a.gif: ", "GIF"});
  }
  expect_contains(gif_error(gif_header(3, 2) + ";"), {"holds no image"});
  expect_contains(gif_error(gif_header(3, 2) + gif_image({0, 0, 3, 2}, plain_codes("abc")) + ";"),
                  {"damaged or ends early"});
  expect_contains(
      gif_error(gif_header(3, 2) + gif_image({0, 0, 60000, 60000}, "\x08") + '\0' + ";"),
      {"claims 60000 x 60000"});
  std::string bare = good.substr(0, 13) + good.substr(13 + 768);
  bare[10] &= 0x7F;
  expect_contains(gif_error(bare), {"no palette"});
}

}  // namespace
}  // namespace transfer
