#include "app/features/row_stream.h"

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <mutex>
#include <opencv2/core.hpp>
#include <thread>

#include "datasets/png_writer.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

constexpr int kImages = 23;
constexpr int kBroken = 6;
constexpr std::int64_t kBatch = 4;

/// Images whose red tells their position, one of them broken, in batches on three streams.
class RowStreamTest : public testing::Test {
 protected:
  RowStreamTest() {
    for (int i = 0; i < kImages; ++i) {
      pass_.samples.push_back({folder_ / (std::to_string(i) + ".png")});
      write_png(cv::Mat(8, 8, CV_8UC3, cv::Scalar(10 * i, 0, 0)), pass_.samples.back().path);
    }
    std::ofstream(pass_.samples[kBroken].path) << "no image";
    pass_.loader.preprocessing.height = 8;
    pass_.loader.preprocessing.width = 8;
    pass_.loader.preprocessing.resize_rule = ResizeRule::kStretch;
    pass_.loader.preprocessing.mean = {0, 0, 0};
    pass_.loader.preprocessing.std = {1.0F / 255, 1.0F / 255, 1.0F / 255};
    pass_.loader.batch_size = kBatch;
    pass_.threads = 3;
    pass_.title = "test";
  }

  /// The mean red of each image; the sooner the batch, the longer it takes.
  static torch::Tensor forward(const torch::Tensor& images) {
    const auto red = images.select(1, 0).mean({1, 2});
    std::this_thread::sleep_for(std::chrono::milliseconds(30) *
                                std::exp(-red.max().item<double>() / 50));
    return red.unsqueeze(1);
  }

  const TemporaryFolder folder_;
  ImagePass pass_;
};

TEST_F(RowStreamTest, BlocksComeInTheOrderOfTheImages) {
  std::vector<std::int64_t> firsts;
  std::vector<int> rows;
  std::vector<std::int64_t> broken;
  stream_over_images(pass_, forward, [&](const RowBlock& block) {
    firsts.push_back(block.first);
    for (std::int64_t i = 0; i < block.rows.size(0); ++i) {
      rows.push_back(static_cast<int>(std::lround(block.rows[i].item<double>())));
    }
    for (const BrokenImage& image : block.broken) broken.push_back(image.sample);
  });
  EXPECT_THAT(firsts, testing::ElementsAre(0, 4, 8, 12, 16, 20));
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(kImages))
      << "without the padding of the last batch";
  for (int i = 0; i < kImages; ++i)
    EXPECT_EQ(rows[static_cast<std::size_t>(i)], i == kBroken ? 0 : 10 * i);
  EXPECT_THAT(broken, testing::ElementsAre(kBroken));
}

TEST_F(RowStreamTest, ABlockThatCouldNotBeTakenIsNotHandedOnAgain) {
  std::vector<std::int64_t> firsts;
  EXPECT_THROW(stream_over_images(pass_, forward,
                                  [&](const RowBlock& block) {
                                    firsts.push_back(block.first);
                                    if (block.first == 4) throw std::runtime_error("disk full");
                                  }),
               std::runtime_error);
  EXPECT_THAT(firsts, testing::ElementsAre(0, 4));
}

}  // namespace
}  // namespace transfer
