#include "app/features/feature_store.h"

#include <gmock/gmock.h>

#include <opencv2/core.hpp>

#include "app/features/cache_folder.h"
#include "datasets/png_writer.h"
#include "tests/app/tiny_network.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

constexpr int kStoredImages = 64;

/// Images of their own colour each, and features of them in a shared store.
class FeatureStoreTest : public testing::Test {
 protected:
  FeatureStoreTest() {
    config_.cache.share = true;
    for (int i = 0; i < kStoredImages; ++i) {
      samples_.push_back({folder_ / (std::to_string(i) + ".png"), i % 2});
      paint(i, 3 * i + 1);
    }
  }

  void paint(int image, int red) const {
    const cv::Mat rgb(16, 16, CV_8UC3, cv::Scalar(red, 255 - red, 40));
    write_png(rgb, samples_[static_cast<std::size_t>(image)].path);
  }

  /// Features of a store made anew, as by another run; `before_call` gets the number of each call
  /// of the layers, beginning with 0.
  FeatureSet extract(const std::function<void(int)>& before_call = {}, std::int64_t views = 0,
                     const FeatureSet* known = nullptr) {
    const FrozenTrunk trunk(backbone_, {""}, torch::kCPU);
    StoredLayers layers = stored_layers(trunk);
    const auto forward = layers.forward;
    int call = 0;
    layers.forward = [&](const torch::Tensor& images) {
      if (before_call) before_call(call++);
      return forward(images);
    };
    FeatureStore store(backbone_, layers, config_, folder_ / "store", torch::kCPU, 1);
    if (known != nullptr) store.reuse(*known);
    testing::internal::CaptureStderr();
    FeatureSet set = store.extract(samples_, "train", views);
    messages_ = testing::internal::GetCapturedStderr();
    computed_ = store.computed();
    return set;
  }

  FeatureSet extract_in_memory() {
    config_.cache.share = false;
    FeatureSet set = extract();
    config_.cache.share = true;
    return set;
  }

  static torch::Tensor features(const FeatureSet& set) {
    return set.views.front().read(0, set.rows());
  }

  void expect_last_is_broken(const FeatureSet& set) const {
    ASSERT_EQ(set.broken.size(), 1U);
    EXPECT_EQ(set.broken[0].sample, kStoredImages - 1);
    EXPECT_EQ(set.labels[kStoredImages - 1].item<std::int64_t>(), -1);
    EXPECT_EQ(set.valid_rows(), kStoredImages - 1);
    for (const FeatureTable& view : set.views) {
      EXPECT_TRUE(view.read(kStoredImages - 1, 1).eq(0).all().item<bool>());
    }
    expect_contains(messages_, {"left out", set.broken[0].reason});
  }

  std::string last() const { return samples_.back().path; }

  TemporaryFolder folder_;
  Config config_;
  const Backbone backbone_ = fixture_backbone("tiny.pt");
  std::vector<Sample> samples_;
  std::string messages_;
  std::int64_t computed_ = 0;
};

TEST_F(FeatureStoreTest, AnImageThatFailsForAMomentIsNotStored) {
  const auto right = features(extract_in_memory());
  const auto set = extract([&](int call) {
    if (call == 0) fs::rename(last(), last() + ".away");
  });
  fs::rename(last() + ".away", last());
  expect_last_is_broken(set);
  EXPECT_EQ(list_cache(folder_ / "store")[0].rows, kStoredImages - 1);
  const auto again = extract();
  EXPECT_EQ(computed_, 1);
  EXPECT_TRUE(again.broken.empty());
  EXPECT_TRUE(torch::equal(features(again), right));
}

TEST_F(FeatureStoreTest, AnImageReplacedAfterItWasHashedIsNotStored) {
  const auto set = extract([&](int call) {
    if (call == 0) paint(kStoredImages - 1, 255);
  });
  expect_last_is_broken(set);
  expect_contains(set.broken[0].reason, {last(), "replaced"});
  paint(kStoredImages - 1, 3 * (kStoredImages - 1) + 1);
  const auto again = extract();
  EXPECT_EQ(computed_, 1);
  EXPECT_TRUE(torch::equal(features(again), features(extract_in_memory())));
}

TEST_F(FeatureStoreTest, UnreadableImagesShareNoRow) {
  for (int i = 0; i < 3; ++i) fs::remove(samples_[static_cast<std::size_t>(i)].path);
  config_.data.max_broken = 0.1;
  const auto set = extract([&](int call) {
    for (int i = 0; i < 3 && call == 0; ++i) paint(i, 3 * i + 1);  // back, but not hashed
  });
  EXPECT_EQ(set.broken.size(), 3U);
  EXPECT_EQ(set.valid_rows(), kStoredImages - 3);
  EXPECT_EQ(extract().valid_rows(), kStoredImages);
  EXPECT_EQ(computed_, 3);
}

TEST_F(FeatureStoreTest, AnImageThatFailsInOneViewIsLeftOutOfAll) {
  for (const bool shares : {false, true}) {
    config_.cache.share = shares;
    const auto set = extract(
        [&](int call) {
          if (call == kStoredImages / store_batch(torch::kCPU)) fs::rename(last(), last() + ".away");
        },
        /*views=*/1);
    expect_last_is_broken(set);
    ASSERT_EQ(set.views.size(), 2U);
    fs::rename(last() + ".away", last());
  }
}

TEST_F(FeatureStoreTest, KnownFeaturesAreStoredUnderTheContentTheyCameFromOnly) {
  const auto unhashed = extract_in_memory();
  extract({}, 0, &unhashed);
  EXPECT_EQ(computed_, kStoredImages) << "nothing tells what these came from";
  const auto known = extract();
  fs::remove_all(folder_ / "store");
  paint(5, 255);
  const auto set = extract({}, 0, &known);
  EXPECT_EQ(computed_, 1) << "the image that was replaced";
  EXPECT_TRUE(torch::equal(features(set), features(extract_in_memory())));
}

}  // namespace
}  // namespace transfer
