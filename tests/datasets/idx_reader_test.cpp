#include <gtest/gtest.h>
#include <zlib.h>

#include <functional>

#include "datasets/dataset.h"
#include "datasets/decode.h"
#include "datasets/image_content.h"
#include "datasets/labelled_files.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

constexpr const char* kTrainImages = "train-images-idx3-ubyte";
constexpr const char* kTrainLabels = "train-labels-idx1-ubyte";

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xFF);
  return bytes;
}

/// `count` images 3 wide and 2 high, whose bytes count on from 0.
std::string images(std::uint32_t count, std::uint32_t magic = 0x803) {
  std::string bytes = big_endian(magic) + big_endian(count) + big_endian(2) + big_endian(3);
  for (std::uint32_t i = 0; i < count * 6; ++i) bytes += static_cast<char>(i % 256);
  return bytes;
}

/// Labels 0, 2, 10, 0, 2, 10, …
std::string labels(std::uint32_t count, std::uint32_t magic = 0x801) {
  std::string bytes = big_endian(magic) + big_endian(count);
  for (std::uint32_t i = 0; i < count; ++i) bytes += "\0\x02\x0A"[i % 3];
  return bytes;
}

std::string compressed(const std::string& bytes, const TemporaryFolder& folder) {
  const std::string file = folder / "scratch.gz";
  gzFile stream = gzopen(file.c_str(), "wb");
  gzwrite(stream, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(stream);
  std::ifstream written(file, std::ios::binary);
  std::string result((std::istreambuf_iterator<char>(written)), {});
  std::filesystem::remove(file);
  return result;
}

Dataset open(const TemporaryFolder& folder) {
  DataConfig config;
  config.path = folder / "";
  return open_dataset(config, 0);
}

TEST(IdxReader, SaysWhichOfTwoFilesIsRead) {
  TemporaryFolder folder;
  folder.write(std::string(kTrainImages) + ".gz", "not read");
  folder.write(kTrainImages, images(30));
  folder.write(kTrainLabels, labels(30));
  const Dataset data = open(folder);
  ASSERT_EQ(data.findings.notes.size(), 1U);
  expect_contains(data.findings.notes[0], {"train-images-idx3-ubyte: is read", ".gz is not"});
}

TEST(IdxReader, ImagesAndLabelsOfBothSplitsCompressedOrNot) {
  TemporaryFolder folder;
  folder.write(std::string(kTrainImages) + ".gz", compressed(images(30), folder));
  folder.write(kTrainLabels, labels(30));
  folder.write("t10k-images-idx3-ubyte", images(6));
  folder.write("t10k-labels-idx1-ubyte.gz", compressed(labels(6), folder));
  const Dataset data = open(folder);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"0", "2", "10"})) << "in order of size";
  EXPECT_EQ(data.train.size() + data.val.size(), 30U);
  ASSERT_EQ(data.test.size(), 6U);
  const Sample& last = data.test.back();
  EXPECT_TRUE(last.path.ends_with("t10k-images-idx3-ubyte#5")) << last.path;
  EXPECT_EQ(last.label, 2);
  const cv::Mat rgb = decode_sample(last);
  ASSERT_EQ(rgb.size(), cv::Size(3, 2));
  EXPECT_EQ(rgb.at<cv::Vec3b>(1, 2), cv::Vec3b(35, 35, 35));
  EXPECT_EQ(rgb.at<cv::Vec3b>(0, 1), cv::Vec3b(31, 31, 31));
  EXPECT_TRUE(are_grey(data.train));
  EXPECT_NE(content_hash(data.test[0]), content_hash(data.test[1]));
  EXPECT_FALSE(why_broken(last, Preprocessing()).has_value());
}

/// A folder of good training files, one of which is then spoilt.
struct Case {
  const char* what;
  std::function<void(const TemporaryFolder&)> spoil;
  std::vector<std::string> message;
};

TEST(IdxReader, RefusesDamagedFilesByName) {
  const std::string zipped_images = std::string(kTrainImages) + ".gz";
  const auto write = [](const std::string& name, const std::string& bytes) {
    return [name, bytes](const TemporaryFolder& folder) { folder.write(name, bytes); };
  };
  const std::vector<Case> cases = {
      {"another magic number",
       write(kTrainImages, images(12, 0x801)),
       {kTrainImages, "0x00000801", "0x00000803", "Download it again"}},
      {"labels under the images' magic number",
       write(kTrainLabels, labels(12, 0x803)),
       {kTrainLabels, "0x00000803", "0x00000801", "labels"}},
      {"header cut off", write(kTrainImages, big_endian(0x803)), {"found 4 bytes", "16"}},
      {"empty", write(kTrainLabels, ""), {kTrainLabels, "found 0 bytes", "header of 8"}},
      {"images cut off",
       write(kTrainImages, images(12).substr(0, 60)),
       {"cut short", "found 44 bytes", "expected 72", "12 images of 3x2"}},
      {"bytes too many", write(kTrainLabels, labels(12) + "x"), {kTrainLabels, "more than the 12"}},
      {"counts differ",
       write(kTrainLabels, labels(11)),
       {kTrainLabels, "11 labels", "expected 12", kTrainImages, "same source"}},
      {"no images", write(kTrainImages, images(0)), {kTrainImages, "0 images"}},
      {"labels missing",
       [](const TemporaryFolder& folder) { std::filesystem::remove(folder / kTrainLabels); },
       {"train-labels-idx1-ubyte.gz", "Put it into the folder"}},
      {"not a gzip file",
       [&](const TemporaryFolder& folder) {
         std::filesystem::remove(folder / kTrainImages);
         folder.write(zipped_images, images(12));
       },
       {zipped_images, "not a gzip file", "found 00 00", "1f 8b", "leave out the ending .gz"}},
      {"gzip file cut off",
       [&](const TemporaryFolder& folder) {
         std::filesystem::remove(folder / kTrainImages);
         const std::string bytes = compressed(images(12), folder);
         folder.write(zipped_images, bytes.substr(0, bytes.size() - 12));
       },
       {zipped_images, "Download it again"}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    TemporaryFolder folder;
    folder.write(kTrainImages, images(12));
    folder.write(kTrainLabels, labels(12));
    one.spoil(folder);
    expect_contains(message_of<DataError>([&] { open(folder); }), one.message);
  }
}

TEST(IdxReader, HeaderThatClaimsTooMuchTakesNoMemory) {
  TemporaryFolder folder;
  folder.write(kTrainImages, big_endian(0x803) + big_endian(0xFFFFFFFF) + big_endian(1000) +
                                 big_endian(1000) + "few");
  folder.write(kTrainLabels, labels(12));
  expect_contains(message_of<DataError>([&] { open(folder); }), {"cut short", "found 3 bytes"});
}

/// A header of images of 28x28 without the images.
std::string claim(std::uint32_t count) {
  return big_endian(0x803) + big_endian(count) + big_endian(28) + big_endian(28);
}

TEST(IdxReader, AHeaderThatClaimsFarMoreThanItsFileCanHoldIsRefused) {
  TemporaryFolder folder;
  folder.write(kTrainLabels, labels(10));
  const std::string zeros(1 << 20, '\0');
  folder.write(std::string(kTrainImages) + ".gz", compressed(claim(4'000'000) + zeros, folder));
  expect_contains(message_of<DataError>([&] { open(folder); }),
                  {kTrainImages, "4000000 images", "3136000000 bytes", "200 times", "gunzip"});
  folder.write(std::string(kTrainImages) + ".gz", compressed(claim(10) + zeros, folder));
  expect_contains(message_of<DataError>([&] { open(folder); }), {"more than the 7840 bytes"});
}

TEST(IdxReader, AnImageLargerThanTheLimitIsRefused) {
  TemporaryFolder folder;
  folder.write(kTrainImages, claim(10) + std::string(7840, '\0'));
  folder.write(kTrainLabels, labels(10));
  DataConfig config;
  config.path = folder / "";
  config.max_image_bytes = 28 * 28;
  EXPECT_NO_THROW(open_dataset(config, 0));
  config.max_image_bytes = 28 * 28 - 1;
  expect_contains(message_of<DataError>([&] { open_dataset(config, 0); }),
                  {kTrainImages, "28x28", "data.max_image_bytes"});
}

}  // namespace
}  // namespace transfer
