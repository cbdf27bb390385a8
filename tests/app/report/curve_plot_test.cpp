#include "app/report/curve_plot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/core.hpp>

#include "core/atomic_file.h"
#include "datasets/decode.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

/// Whether a pixel has far more of one channel than of the other.
bool has_more(const cv::Mat& rgb, int channel, int other) {
  return std::any_of(rgb.begin<cv::Vec3b>(), rgb.end<cv::Vec3b>(),
                     [&](const cv::Vec3b& pixel) { return pixel[channel] > pixel[other] + 100; });
}

TEST(CurvePlot, DrawsABlueLineAndARedMark) {
  constexpr int kRed = 0;
  constexpr int kBlue = 2;
  const TemporaryFolder folder;
  CurvePlot plot{{1e-4, 1e-3, 1e-2}, {2.0, 1.0, 3.0}, "rate", "loss", 1e-3};
  write_curve(plot, folder / "a.png");
  const cv::Mat marked = decode_image(read_file(folder / "a.png"), "a.png");
  EXPECT_EQ(marked.size(), cv::Size(800, 500));
  EXPECT_TRUE(has_more(marked, kBlue, kRed));
  EXPECT_TRUE(has_more(marked, kRed, kBlue));
  plot.mark.reset();
  write_curve(plot, folder / "b.png");
  EXPECT_FALSE(has_more(decode_image(read_file(folder / "b.png"), "b.png"), kRed, kBlue));
}

}  // namespace
}  // namespace transfer
