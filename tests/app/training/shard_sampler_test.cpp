#include "app/training/shard_sampler.h"

#include <gmock/gmock.h>

#include <numeric>

namespace transfer {
namespace {

TEST(ShardSampler, ShardsAreTheBatchTogether) {
  for (const std::int64_t processes : {1, 2, 3, 4, 7}) {
    for (const std::int64_t least : {1, 2}) {
      for (std::int64_t count = 1; count <= 20; ++count) {
        std::int64_t next = 30;
        std::int64_t smallest = count;
        std::int64_t largest = 0;
        for (std::int64_t rank = 0; rank < processes; ++rank) {
          const auto rows = rows_of_shard({30, count}, {rank, processes, least});
          EXPECT_EQ(rows.first, next);
          next += rows.count;
          if (rows.count == 0) continue;
          smallest = std::min(smallest, rows.count);
          largest = std::max(largest, rows.count);
        }
        EXPECT_EQ(next, 30 + count);
        EXPECT_LE(largest - smallest, 1);
        EXPECT_GE(smallest, std::min(least, count));
      }
    }
  }
}

TEST(ShardSampler, AnEpochCoversEveryImageOnceInTheOrderOfOneProcess) {
  LoaderOptions epoch;
  epoch.order = {4, 9, 2, 7, 0, 11, 5, 1, 8, 3, 10, 6};
  epoch.batches = {{0, 5}, {5, 5}, {10, 2}};
  epoch.seed = 3;
  epoch.epoch = 2;
  std::vector<std::vector<std::int64_t>> batches(epoch.batches.size());
  for (std::int64_t rank = 0; rank < 3; ++rank) {
    const Shard shard{rank, 3, 1};
    const LoaderOptions own = shard_of(epoch, shard);
    EXPECT_EQ(own.seed, 3);
    EXPECT_EQ(own.epoch, 2);
    std::size_t next = 0;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < epoch.batches.size(); ++i) {
      if (rows_of_shard(epoch.batches[i], shard).count == 0) continue;
      const BatchBounds rows = own.batches.at(next++);
      EXPECT_EQ(rows.first, first) << "without a gap";
      first += rows.count;
      batches[i].insert(batches[i].end(), own.order.begin() + rows.first,
                        own.order.begin() + rows.first + rows.count);
    }
    EXPECT_EQ(next, own.batches.size());
    EXPECT_EQ(own.batches.size(), rank < 2 ? 3 : 2) << "the last batch has two rows only";
  }
  std::vector<std::int64_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  EXPECT_EQ(all, epoch.order);
}

TEST(ShardSampler, EvaluationIsDividedByBatches) {
  for (const std::int64_t processes : {1, 2, 3, 5}) {
    std::int64_t next = 0;
    for (std::int64_t rank = 0; rank < processes; ++rank) {
      const auto batches = EvaluationPart{rank, processes}.batches(4);
      EXPECT_EQ(batches.first, next);
      next += batches.count;
    }
    EXPECT_EQ(next, 4);
  }
}

}  // namespace
}  // namespace transfer
