#include "datasets/sampling.h"

#include <gmock/gmock.h>

#include <array>

#include <algorithm>
#include <map>
#include <numeric>

#include "datasets/split.h"

namespace transfer {
namespace {

using Order = std::vector<std::int64_t>;

std::map<std::int64_t, int> counts_of(const Order& items) {
  std::map<std::int64_t, int> counts;
  for (const std::int64_t item : items) ++counts[item];
  return counts;
}

TEST(EpochOrder, ShufflingIsAPermutationThatSeedAndEpochDecide) {
  const Order labels(100, 0);
  const Order order = epoch_order(labels, Sampler::kShuffle, 1, 0);
  Order sorted = order;
  std::sort(sorted.begin(), sorted.end());
  Order all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);
  EXPECT_EQ(order, epoch_order(labels, Sampler::kShuffle, 1, 0));
  EXPECT_NE(order, epoch_order(labels, Sampler::kShuffle, 1, 1));
  EXPECT_NE(order, epoch_order(labels, Sampler::kShuffle, 2, 0));
}

TEST(EpochOrder, BalancedGivesEveryClassItsShareAndEverySampleItsTurn) {
  // 90 of class 0, 7 of class 1, 3 of class 4; 100 places make 34, 33 and 33.
  Order labels(100, 0);
  for (std::size_t i = 90; i < 100; ++i) labels[i] = i < 97 ? 1 : 4;
  for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
    const Order order = epoch_order(labels, Sampler::kBalanced, 5, epoch);
    ASSERT_EQ(order.size(), 100U);
    std::map<std::int64_t, int> places;
    for (const std::int64_t sample : order) ++places[labels[static_cast<std::size_t>(sample)]];
    for (const auto& [label, count] : places) EXPECT_NEAR(count, 33.5, 0.5) << label;
    for (const auto& [sample, count] : counts_of(order)) {
      if (sample < 90) {
        EXPECT_EQ(count, 1);
      } else if (sample < 97) {
        EXPECT_TRUE(count == 4 || count == 5) << count;
      } else {
        EXPECT_TRUE(count == 11 || count == 12) << count;
      }
    }
  }
  EXPECT_EQ(epoch_order(labels, Sampler::kBalanced, 5, 3),
            epoch_order(labels, Sampler::kBalanced, 5, 3));
  EXPECT_NE(epoch_order(labels, Sampler::kBalanced, 5, 3),
            epoch_order(labels, Sampler::kBalanced, 5, 4));
}

TEST(EpochOrder, ClassesAreMixedThroughTheEpoch) {
  Order labels(100, 0);
  std::fill(labels.begin() + 50, labels.end(), 1);
  const Order order = epoch_order(labels, Sampler::kBalanced, 0, 0);
  const auto first_half = std::count_if(order.begin(), order.begin() + 50,
                                        [](std::int64_t sample) { return sample < 50; });
  EXPECT_NEAR(static_cast<double>(first_half), 25, 12);
}

TEST(EpochOrder, NoLabelsGiveAnEmptyOrder) {
  EXPECT_TRUE(epoch_order({}, Sampler::kBalanced, 0, 0).empty());
  EXPECT_TRUE(epoch_order({}, Sampler::kShuffle, 0, 0).empty());
}

TEST(BatchBounds, ALastBatchOfOneJoinsTheOneBefore) {
  const auto counts = [](std::int64_t count, std::int64_t batch_size) {
    Order result;
    std::int64_t next = 0;
    for (const BatchBounds& bounds : batch_bounds(count, batch_size)) {
      EXPECT_EQ(bounds.first, next);
      next += bounds.count;
      result.push_back(bounds.count);
    }
    EXPECT_EQ(next, count);
    return result;
  };
  EXPECT_EQ(counts(8, 4), (Order{4, 4}));
  EXPECT_EQ(counts(9, 4), (Order{4, 5}));
  EXPECT_EQ(counts(10, 4), (Order{4, 4, 2}));
  EXPECT_EQ(counts(3, 4), (Order{3}));
  EXPECT_EQ(counts(1, 4), (Order{1})) << "there is none before";
  EXPECT_EQ(counts(3, 1), (Order{1, 1, 1})) << "asked for";
  EXPECT_EQ(counts(0, 4), Order{});
}

TEST(StratifiedSample, KeepsProportionsAndTheRareClass) {
  std::vector<Sample> samples;
  samples.reserve(406);
  for (int i = 0; i < 400; ++i) samples.push_back({std::to_string(i), i < 300 ? 0 : 1});
  for (int i = 0; i < 6; ++i) samples.push_back({"rare" + std::to_string(i), 2});
  const auto taken = stratified_sample(samples, 203, 5, 7);
  std::array<int, 3> counts = {0, 0, 0};
  for (const Sample& sample : taken) ++counts[static_cast<std::size_t>(sample.label)];
  EXPECT_EQ(counts, (std::array<int, 3>{150, 50, 5})) << "300, 100 and 6 halved, the last raised";
  EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end(),
                             [](const auto& a, const auto& b) { return a.label < b.label; }));
  EXPECT_EQ(stratified_sample(samples, 406, 5, 7).size(), samples.size());
}

}  // namespace
}  // namespace transfer
