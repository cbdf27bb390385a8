#include "app/training/block_choice.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace transfer {
namespace {

const std::vector<FeatureBlock> kBlocks = {
    {"a"}, {"a", Pooling::kDeviation}, {"a", Pooling::kQuarters},
    {"b"}, {"b", Pooling::kDeviation}, {"b", Pooling::kQuarters},
    {""}};
const std::vector<std::int64_t> kWidths = {3, 3, 12, 4, 4, 16, 5};

FeatureSet features_of(const torch::Tensor& features, const torch::Tensor& labels) {
  FeatureSet set;
  set.labels = labels;
  set.samples.resize(static_cast<std::size_t>(labels.size(0)));
  set.views.push_back(FeatureTable::in_memory(features.size(0), features.size(1)));
  set.views.back().write(0, features);
  return set;
}

std::vector<ScoredBlocks> weighed(const FeatureSet& set, std::int64_t classes) {
  HeadProblem problem{set, set, classes, measure_block_scaling(set, kWidths)};
  auto sets = score_blocks(problem, kBlocks, kWidths, 2);
  weigh(sets, /*shares=*/true);
  return sets;
}

/// Features of noise, 46 of them, in all blocks.
torch::Tensor noise(std::int64_t rows) { return torch::randn({rows, 47}); }

double weight_of(const std::vector<ScoredBlocks>& sets, bool several) {
  double sum = 0;
  for (const auto& set : sets) {
    if ((set.blocks.size() > 1) == several) sum += set.weight;
  }
  return sum;
}

TEST(BlockCandidates, AreStagesAloneAndThenSeveralOfThem) {
  const auto candidates = block_candidates(kBlocks);
  std::vector<std::vector<std::size_t>> sets;
  for (const auto& candidate : candidates) sets.push_back(candidate.blocks);
  const std::vector<std::vector<std::size_t>> expected = {{6},
                                                          {3},
                                                          {0},  // the last layer first
                                                          {3, 6},
                                                          {3, 4, 6},
                                                          {3, 4, 5, 6},  // from the middle on
                                                          {0, 3, 6},
                                                          {0, 1, 3, 4, 6},
                                                          {0, 1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(sets, expected);
  EXPECT_EQ(candidates[0].title, "penultimate");
  EXPECT_EQ(candidates[4].title, "means and deviations from b on");
}

TEST(BlockScaling, GivesEveryBlockTheSameShare) {
  torch::manual_seed(1);
  const auto set =
      features_of(noise(200) * torch::logspace(-2, 2, 47) + 5, torch::zeros({200}, torch::kInt64));
  const auto scaled = measure_block_scaling(set, kWidths).apply(set.views.front().read(0, 200));
  EXPECT_NEAR(scaled.square().mean().item<double>(), 1, 1e-3);
  std::int64_t first = 0;
  for (const auto width : kWidths) {
    const auto block = scaled.narrow(1, first, width);
    EXPECT_NEAR(block.square().sum(1).mean().item<double>(), 47.0 / 7, 1e-2)
        << "block at " << first;
    first += width;
  }
}

TEST(ScoreBlocks, PrefersSeveralWhereEachTellsAPart) {
  torch::manual_seed(2);
  auto features = noise(200);
  const auto bits = torch::randint(0, 2, {2, 200});
  features.select(1, 0).add_(6 * bits[0]);   // stage a tells one bit,
  features.select(1, 18).add_(6 * bits[1]);  // stage b the other
  const auto sets = weighed(features_of(features, bits[0] * 2 + bits[1]), 4);
  EXPECT_GT(weight_of(sets, true), 0.99);
  for (const auto& set : sets) {
    EXPECT_EQ(set.images, 200);
    ASSERT_TRUE(set.weight_decay);
    EXPECT_GT(*set.weight_decay, 0);
  }
}

TEST(ScoreBlocks, GivesNothingToStagesThatTellNothing) {
  torch::manual_seed(3);
  auto features = noise(120);
  const auto labels = torch::randint(0, 2, {120});
  features.select(1, 42).add_(3 * labels);
  const auto sets = weighed(features_of(features, labels), 2);
  EXPECT_EQ(sets.front().title, "penultimate");
  EXPECT_GT(sets.front().weight, 0.1);
  EXPECT_EQ(sets[1].weight, 0) << sets[1].title;
  EXPECT_EQ(sets[2].weight, 0) << sets[2].title;
  double sum = 0;
  for (const auto& set : sets) sum += set.weight;
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(ScoreBlocks, ComparesAPartOfManyClassesAndLeavesTheDecayOpen) {
  torch::manual_seed(4);
  const auto labels = torch::arange(50, torch::kInt64).repeat({6});
  auto features = noise(300);
  features.narrow(1, 42, 5).add_(8 * torch::randn({50, 5}).repeat({6, 1}));
  auto set = features_of(features, labels);
  set.labels[7] = -1;  // broken
  const auto sets = weighed(set, 50);
  EXPECT_LE(sets.front().images, 240);
  EXPECT_GE(sets.front().images, 239);
  EXPECT_FALSE(sets.front().weight_decay);
  EXPECT_GT(sets.front().score.value, 0.8) << "labels are those of the images";
}

TEST(Weigh, FollowsTheLikelihoodAndSurvivesNaN) {
  std::vector<ScoredBlocks> sets(4);
  for (auto& set : sets) set.images = 10;
  sets[0].loss = std::numeric_limits<double>::quiet_NaN();
  sets[1].loss = 0.5;
  sets[2].loss = 0.5 + std::log(3) / 10;
  sets[3].loss = 0.5 + std::log(60) / 10;
  weigh(sets, true);
  EXPECT_EQ(sets[0].weight, 0);
  EXPECT_NEAR(sets[1].weight, 0.75, 1e-9);
  EXPECT_NEAR(sets[2].weight, 0.25, 1e-9);
  EXPECT_EQ(sets[3].weight, 0) << "less than 2 % of the largest";
  weigh(sets, false);
  EXPECT_EQ(sets[1].weight, 1);
  EXPECT_EQ(sets[2].weight, 0);
}

TEST(ColumnsOf, AreThoseOfTheBlocks) {
  EXPECT_TRUE(
      torch::equal(columns_of({1, 6}, kWidths), torch::tensor({3, 4, 5, 42, 43, 44, 45, 46})));
}

}  // namespace
}  // namespace transfer
