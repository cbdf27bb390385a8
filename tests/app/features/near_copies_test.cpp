#include "app/features/near_copies.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

namespace transfer {
namespace {

FeatureSet named_features(const std::string& split, const torch::Tensor& features) {
  FeatureSet set;
  set.views.push_back(FeatureTable::in_memory(features.size(0), features.size(1)));
  set.views.back().write(0, features);
  set.labels = torch::zeros({features.size(0)}, torch::kInt64);
  for (std::int64_t i = 0; i < features.size(0); ++i) {
    set.samples.push_back({.path = fmt::format("{}/{}.png", split, i)});
  }
  return set;
}

class NearCopies : public ::testing::Test {
 protected:
  NearCopies() {
    torch::manual_seed(3);
    train_ = torch::randn({40, 64});
    val_ = torch::randn({10, 64});
  }

  torch::Tensor train_;
  torch::Tensor val_;
};

TEST_F(NearCopies, OnlyImagesMuchCloserThanUsualAreListed) {
  val_[2] = train_[31] * 1.5 + 0.02 * torch::randn({64});
  val_[7] = train_[4] + torch::randn({64});
  const auto pairs = near_copies(named_features("train", train_), named_features("val", val_));
  EXPECT_EQ(pairs, std::vector<std::string>{"val/2.png = train/31.png"});
}

TEST_F(NearCopies, CopiesByteForByteAreListedElsewhere) {
  val_[2] = train_[31];
  val_[3] = train_[30];
  auto train = named_features("train", train_);
  auto val = named_features("val", val_);
  train.samples[31].copy_group = val.samples[2].copy_group = 5;
  EXPECT_EQ(near_copies(train, val), std::vector<std::string>{"val/3.png = train/30.png"});
}

TEST_F(NearCopies, BrokenImagesAndTinySetsSayNothing) {
  val_[2] = train_[31];
  auto train = named_features("train", train_);
  train.labels[31] = -1;
  EXPECT_TRUE(near_copies(train, named_features("val", val_)).empty());
  const auto few = named_features("train", train_.slice(0, 25, 40));
  EXPECT_TRUE(near_copies(few, named_features("val", val_)).empty());
}

}  // namespace
}  // namespace transfer
