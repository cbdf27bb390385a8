#include "datasets/check/image_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/random.h"
#include "datasets/check/near_duplicates.h"
#include "datasets/check/thumbnail.h"
#include "datasets/decode.h"
#include "datasets/formats/exif.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

/// Smooth random shapes, other ones for each seed.
cv::Mat picture(int seed, int width = 200, int height = 150) {
  cv::RNG random(static_cast<std::uint64_t>(seed) + 1);
  cv::Mat coarse(6, 8, CV_8UC3);
  random.fill(coarse, cv::RNG::UNIFORM, 0, 256);
  cv::Mat image;
  cv::resize(coarse, image, {width, height}, 0, 0, cv::INTER_CUBIC);
  cv::Mat noise(image.size(), CV_8UC3);
  random.fill(noise, cv::RNG::UNIFORM, 0, 40);
  return image + noise;
}

class ImageScans : public ::testing::Test {
 protected:
  ImageScan scan(const std::string& name, const std::string& bytes) const {
    return scan_image({folder_.write(name, bytes), 0});
  }
  ImageScan scan(const cv::Mat& image) const { return scan("image.png", encode(image, ".png")); }

  TemporaryFolder folder_;
};

/// A little-endian EXIF block whose first directory has these texts.
std::string exif_with(const std::string& make, const std::string& model) {
  std::string block(8 + 2 + 24 + 4, '\0');
  block.replace(0, 4, std::string("II*\0", 4));
  put(block, 4, 8, 4);
  put(block, 8, 2, 2);
  std::size_t entry = 10;
  for (const auto& [tag, text] : {std::pair(0x010F, make), std::pair(0x0110, model)}) {
    put(block, entry, static_cast<std::uint64_t>(tag), 2);
    put(block, entry + 2, 2, 2);
    put(block, entry + 4, text.size() + 1, 4);
    put(block, entry + 8, block.size(), 4);
    block += text + '\0';
    entry += 12;
  }
  return block;
}

TEST_F(ImageScans, CopiesThatWereSavedAnewResizedOrCroppedAreAlike) {
  const cv::Mat original = picture(1);
  const ImageScan first = scan(original);
  cv::Mat smaller;
  cv::resize(original, smaller, {}, 0.5, 0.5, cv::INTER_AREA);
  const cv::Mat cropped = original(cv::Rect(4, 3, 192, 144)).clone();
  for (const ImageScan& copy :
       {scan("a.jpg", encode(original, ".jpg")), scan(smaller), scan(cropped)}) {
    EXPECT_LE(differing_bits(first, copy), 10);
    EXPECT_GE(outline_correlation(first, copy), 0.92);
  }
  const ImageScan other = scan(picture(2));
  EXPECT_GT(differing_bits(first, other), 10);
  EXPECT_LT(outline_correlation(first, other), 0.8);
}

TEST_F(ImageScans, TheSizeIsThatOfTheWholeFileHoweverItIsDecoded) {
  const ImageScan found = scan("large.jpg", encode(picture(3, 1500, 1200), ".jpg"));
  EXPECT_EQ(found.width, 1500);
  EXPECT_EQ(found.height, 1200);
  EXPECT_DOUBLE_EQ(found.aspect_ratio(), 1.25);
  EXPECT_EQ(found.format, "JPEG");
  EXPECT_FALSE(found.has_other_ending);
}

TEST_F(ImageScans, ContentDecidesTheFormatAndBrokenImagesSayWhy) {
  EXPECT_TRUE(scan("a.jpg", encode(picture(1), ".png")).has_other_ending);
  const ImageScan broken = scan("b.jpg", encode(picture(1), ".jpg").substr(0, 900));
  EXPECT_FALSE(broken.is_readable());
  EXPECT_NE(broken.broken.find("b.jpg"), std::string::npos);
}

TEST_F(ImageScans, BlurDarknessAndOneShadeAreMeasured) {
  const cv::Mat sharp = picture(4);
  cv::Mat blurred;
  cv::GaussianBlur(sharp, blurred, {}, 6);
  EXPECT_GT(scan(blurred).blur, scan(sharp).blur + 0.2);
  const ImageScan dark = scan(cv::Mat(sharp * 0.1));
  EXPECT_LT(dark.brightest, 0.12);
  EXPECT_GT(scan(sharp).brightest, 0.8);
  const ImageScan plain = scan(cv::Mat(40, 40, CV_8UC3, cv::Scalar(200, 10, 10)));
  EXPECT_LT(plain.contrast, 0.001);
  EXPECT_FALSE(shows_something(plain));
  EXPECT_NEAR(plain.colour[0], 200 / 255.0, 0.01);
}

TEST(ExifCamera, IsMakerAndModelOnce) {
  EXPECT_EQ(exif_camera(exif_with("Canon", "EOS 5D ")), "Canon EOS 5D");
  EXPECT_EQ(exif_camera(exif_with("NIKON", "NIKON D90")), "NIKON D90");
  EXPECT_EQ(exif_camera("II*"), "");
  const std::string block = exif_with("Canon", "EOS 5D");
  for (std::size_t length = 0; length < block.size(); ++length) {
    exif_camera(block.substr(0, length));  // reads nothing behind the end
  }
}

TEST_F(ImageScans, ThumbnailsAreSmallJpegs) {
  const Sample sample{folder_.write("a.png", encode(picture(5, 400, 200), ".png")), 0};
  const cv::Mat thumbnail = decode_image(thumbnail_jpeg(sample, 128), "thumbnail");
  EXPECT_EQ(thumbnail.size(), cv::Size(128, 64));
  EXPECT_EQ(thumbnail_jpeg({folder_.write("b.png", "no image"), 0}, 128), "");
}

std::vector<ImageScan> random_scans(std::size_t count) {
  Random random(1);
  std::vector<ImageScan> scans(count);
  for (ImageScan& scan : scans) {
    scan.contrast = 0.2;
    scan.hash = random.next();
    float sum = 0;
    for (float& value : scan.outline) {
      value = static_cast<float>(random.uniform(-1, 1));
      sum += value * value;
    }
    for (float& value : scan.outline) value /= std::sqrt(sum);
  }
  return scans;
}

TEST(NearDuplicates, AllPairsWithinTheBitsAreFoundOnce) {
  auto scans = random_scans(3000);
  Random random(2);
  std::set<std::pair<std::size_t, std::size_t>> planted;
  for (std::size_t i = 0; i < 300; ++i) {
    scans[1000 + i].outline = scans[i].outline;
    scans[1000 + i].hash = scans[i].hash;
    for (std::uint64_t k = 0; k < i % 12; ++k) scans[1000 + i].hash ^= 1ULL << random.below(64);
    planted.emplace(i, 1000 + i);
  }
  std::set<std::pair<std::size_t, std::size_t>> found;
  for (const AlikePair& pair : near_duplicates(scans, {kMostBits, 0.9})) {
    EXPECT_TRUE(found.emplace(pair.first, pair.second).second) << "twice";
  }
  EXPECT_EQ(found, planted);
}

TEST(NearDuplicates, ImagesThatAreAllAlikeNeedToBeAlmostTheSame) {
  auto scans = random_scans(2000);
  EXPECT_EQ(suitable_likeness(scans).bits, 10);
  for (ImageScan& scan : scans) {
    scan.hash &= 0xFF;  // at most 8 bits differ
    scan.outline = scans.front().outline;
  }
  EXPECT_LT(suitable_likeness(scans).bits, 6);
}

}  // namespace
}  // namespace transfer
