#include "datasets/thumbnail.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "core/errors.h"
#include "datasets/decode.h"
#include "datasets/jpeg_writer.h"
#include "datasets/png_writer.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(JpegWriter, WritesWhatTheDecoderReads) {
  cv::Mat wide(30, 90, CV_8UC3, cv::Scalar(200, 40, 40));
  const cv::Mat part = wide(cv::Rect(10, 5, 40, 20));  // its rows do not follow each other
  const cv::Mat read = decode_image(jpeg_bytes(part, 95), "part");
  EXPECT_EQ(read.size(), part.size());
  EXPECT_NEAR(read.at<cv::Vec3b>(10, 10)[0], 200, 4);
  EXPECT_NEAR(read.at<cv::Vec3b>(10, 10)[2], 40, 4);
  EXPECT_THROW(jpeg_bytes(cv::Mat(0, 0, CV_8UC3)), OutputError);
}

TEST(Thumbnail, KeepsTheProportionsAndNeverGrows) {
  const auto size_of = [](int width, int height) {
    return decode_image(thumbnail_of(cv::Mat(height, width, CV_8UC3, cv::Scalar::all(9))), "t")
        .size();
  };
  EXPECT_EQ(size_of(448, 224), cv::Size(112, 56));
  EXPECT_EQ(size_of(30, 20), cv::Size(30, 20));
  EXPECT_EQ(size_of(5000, 2), cv::Size(112, 1));
}

TEST(Thumbnail, OfASampleThatIsGoneIsADataError) {
  TemporaryFolder folder;
  write_png(cv::Mat(200, 100, CV_8UC3, cv::Scalar(1, 2, 250)), folder / "a.png");
  const cv::Mat shown = decode_image(thumbnail_of(Sample{folder / "a.png"}, {}), "t");
  EXPECT_EQ(shown.size(), cv::Size(56, 112));
  EXPECT_THROW(thumbnail_of(Sample{folder / "gone.png"}, {}), DataError);
}

}  // namespace
}  // namespace transfer
