#include <gtest/gtest.h>
#include <tiffio.h>

#include <opencv2/core.hpp>

#include "core/hash.h"
#include "datasets/decode.h"
#include "datasets/image_content.h"
#include "datasets/image_file.h"
#include "datasets/sample_survey.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

struct LimitedImage {
  std::string what;
  std::string bytes;
  /// What its pixels take when they are decoded.
  std::int64_t decoded = 0;
};

std::vector<LimitedImage> limited_images() {
  const cv::Mat rgb = gradient(20, 10);
  cv::Mat rgba(10, 20, CV_8UC4, cv::Scalar::all(200));
  const cv::Mat deep(10, 20, CV_16UC4, cv::Scalar::all(40000));
  const cv::Mat bands = cv::Mat::zeros(10, 20, CV_8UC(16));
  return {{"JPEG", encode_jpeg(rgb), 600},
          {"PNG", encode_png(rgb), 600},
          {"PNG of 16 bits with alpha", encode_png(deep), 1600},
          {"interlaced PNG", encode_png(deep, /*interlaced=*/true), 1600},
          {"BMP", encode(rgb, ".bmp"), 600},
          {"TIFF", encode_tiff(rgb), 600},
          {"TIFF of 16 bits with alpha", encode_tiff(deep), 1600},
          {"TIFF of many bands",
           encode_tiff(bands, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK}}), 3200},
          {"WebP", encode_webp(rgb), 600},
          {"WebP with alpha", encode_webp(rgba), 800}};
}

TEST(ImageLimits, CountTheBytesOfTheDecodedPixels) {
  for (const LimitedImage& image : limited_images()) {
    EXPECT_EQ(decode_image(image.bytes, "a", 0, std::nullopt, image.decoded).rows, 10)
        << image.what;
    const std::string message = message_of<DataError>(
        [&] { decode_image(image.bytes, "folder/a", 0, std::nullopt, image.decoded - 1); });
    expect_contains(message, {"folder/a", "20 x 10", std::to_string(image.decoded) + " bytes",
                              "data.max_image_bytes"});
  }
}

TEST(ImageLimits, CountATileOfATiffThatIsLargerThanTheImage) {
  const cv::Mat grey(10, 20, CV_16UC1, cv::Scalar::all(40000));
  const std::string bytes =
      encode_tiff(grey, {{TIFFTAG_TILEWIDTH, 512}, {TIFFTAG_TILELENGTH, 256}});
  constexpr std::int64_t kTile = 512 * 256 * 2;
  EXPECT_EQ(decode_image(bytes, "a", 0, std::nullopt, kTile).rows, 10);
  const std::string message =
      message_of<DataError>([&] { decode_image(bytes, "a", 0, std::nullopt, kTile - 1); });
  expect_contains(message,
                  {"512 x 256", std::to_string(kTile) + " bytes", "data.max_image_bytes"});
}

TEST(ImageLimits, CountWhatAJpegOfSeveralScansIsHeldAs) {
  // Three colours of 3 x 2 blocks of 64 coefficients, or fewer where colours are coarser.
  const std::string bytes = encode_jpeg(gradient(20, 10), {.progressive = true});
  EXPECT_EQ(decode_image(bytes, "a", 0, std::nullopt, 3 * 6 * 128).rows, 10);
  expect_contains(message_of<DataError>([&] { decode_image(bytes, "a", 0, std::nullopt, 600); }),
                  {"20 x 10", "data.max_image_bytes"});
}

TEST(ImageLimits, ALargeFileIsRefusedBeforeItIsRead) {
  TemporaryFolder folder;
  Sample sample{folder.write("a.jpg", "\xFF\xD8\xFF")};
  std::filesystem::resize_file(sample.path, std::uintmax_t{40} << 30);  // a hole takes no room
  const auto expect_refused = [&](auto&& action) {
    expect_contains(message_of<DataError>(action),
                    {"a.jpg", "42949672960 bytes", "data.max_image_bytes", "1073741824"});
  };
  expect_refused([&] { decode_sample(sample); });
  expect_refused([&] { decode_for(sample, Preprocessing()); });
  expect_refused([&] { content_hash(sample); });
  std::filesystem::rename(sample.path, folder / "a.tif");
  sample.path = folder.write("b.png", "\x89PNG\r\n\x1A\n");
  std::filesystem::resize_file(sample.path, std::uintmax_t{40} << 30);
  EXPECT_EQ(survey_samples({sample}, 1).several.count, 0);
}

TEST(ImageFile, ReadingAndHashingSeeTheSameBytes) {
  TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 600'000; ++i) bytes += static_cast<char>(i * 7 % 251);
  Sample sample{folder.write("a.png", bytes)};
  EXPECT_EQ(read_image_file(sample), bytes);
  EXPECT_EQ(hash_image_file(sample), sha256_hex(bytes));
  sample.path = folder.write("empty.png", "");
  EXPECT_EQ(hash_image_file(sample), sha256_hex(read_image_file(sample)));
  sample.path = folder / "gone.png";
  expect_contains(message_of<DataError>([&] { read_image_file(sample); }),
                  {"gone.png", "No such file"});
  sample.path = folder / "";
  expect_contains(message_of<DataError>([&] { hash_image_file(sample); }), {"is a folder"});
}

TEST(ImageFile, WhatIsDecodedIsWhatWasHashed) {
  TemporaryFolder folder;
  const Sample sample{folder.write("a.png", encode(gradient(30, 24), ".png"))};
  const std::string content = content_hash(sample);
  EXPECT_EQ(decode_for(sample, Preprocessing(), content).rows, 24);
  folder.write("a.png", encode(gradient(30, 24, 1), ".png"));
  expect_contains(message_of<DataError>([&] { decode_for(sample, Preprocessing(), content); }),
                  {"a.png", "was replaced"});
  EXPECT_EQ(decode_for(sample, Preprocessing(), content_hash(sample)).rows, 24);
}

}  // namespace
}  // namespace transfer
