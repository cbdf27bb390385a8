#include "app/training/batch_prefetch.h"

#include <gmock/gmock.h>

#include "tests/app/stand_in_device.h"

namespace transfer {
namespace {

using testing::ElementsAre;

/// Batches of one row with the numbers 0, 1, …; counts how many were read.
class NumberedBatches : public BatchReader {
 public:
  NumberedBatches(std::int64_t count, std::int64_t& read) : count_(count), read_(read) {}

  std::optional<Batch> next() override {
    if (read_ == count_) return std::nullopt;
    Batch batch;
    batch.first = read_++;
    batch.count = 1;
    batch.images = torch::full({1, 3, 2, 2}, static_cast<double>(batch.first));
    batch.labels = torch::full({1}, batch.first, torch::kInt64);
    batch.broken = {{batch.first, "cut off"}};
    return batch;
  }

 private:
  std::int64_t count_;
  std::int64_t& read_;
};

/// A batch without rows.
struct EmptyBatches : BatchReader {
  std::optional<Batch> next() override { return Batch{}; }
};

TEST(BatchPrefetch, PassesBatchesOnAsTheyAreOnTheCpu) {
  std::int64_t read = 0;
  BatchPrefetch batches(std::make_unique<NumberedBatches>(2, read), nullptr);
  for (std::int64_t i = 0; i < 2; ++i) {
    const auto batch = batches.next();
    EXPECT_EQ(read, i + 1) << "none is read ahead";
    EXPECT_EQ(batch->first, i);
    EXPECT_TRUE(batch->images.eq(i).all().item<bool>());
  }
  EXPECT_FALSE(batches.next().has_value());
}

TEST(BatchPrefetch, SendsTheNextBatchBeforeThisOneIsUsed) {
  StandInDevice device;
  const CopyStream copies(torch::kMeta);
  std::int64_t read = 0;
  BatchPrefetch batches(std::make_unique<NumberedBatches>(2, read), &copies);
  const auto first = batches.next();
  EXPECT_EQ(read, 2);
  EXPECT_THAT(device.take_notes(),
              ElementsAre("on stream 7", "event 1 behind 7", "on stream 0", "0 waits for event 1",
                          "memory used by 0", "on stream 7", "event 2 behind 7", "on stream 0"));
  EXPECT_TRUE(first->images.is_meta());
  EXPECT_TRUE(first->labels.is_cpu()) << "they are counted and mixed there";
  EXPECT_EQ(first->labels.item<std::int64_t>(), 0);
  const auto second = batches.next();
  EXPECT_THAT(device.take_notes(), ElementsAre("0 waits for event 2", "memory used by 0"));
  EXPECT_EQ(second->first, 1);
  EXPECT_EQ(second->broken.front().sample, 1);
  EXPECT_FALSE(batches.next().has_value());
  EXPECT_FALSE(batches.next().has_value());
}

TEST(BatchPrefetch, ABatchWithoutRowsHasNothingToSend) {
  StandInDevice device;
  const CopyStream copies(torch::kMeta);
  BatchPrefetch batches(std::make_unique<EmptyBatches>(), &copies);
  EXPECT_EQ(batches.next()->count, 0);
  EXPECT_THAT(device.take_notes(), testing::IsEmpty());
}

}  // namespace
}  // namespace transfer
