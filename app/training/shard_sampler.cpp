#include "app/training/shard_sampler.h"

#include <algorithm>

namespace transfer {
namespace {

class ShardReader : public BatchReader {
 public:
  ShardReader(TrainingInput& input, const LoaderOptions& epoch, const Shard& shard)
      : batches_(epoch.batches), shard_(shard) {
    const LoaderOptions own = shard_of(epoch, shard);
    if (!own.batches.empty()) reader_ = input.read(own);
  }

  std::optional<Batch> next() override {
    if (next_ == batches_.size()) return std::nullopt;
    if (rows_of_shard(batches_[next_++], shard_).count == 0) return Batch{};
    return reader_->next();
  }

 private:
  std::vector<BatchBounds> batches_;
  Shard shard_;
  std::unique_ptr<BatchReader> reader_;
  std::size_t next_ = 0;
};

}  // namespace

BatchBounds rows_of_shard(const BatchBounds& batch, const Shard& shard) {
  const std::int64_t working =
      std::clamp<std::int64_t>(batch.count / shard.least_rows, 1, shard.processes);
  if (shard.rank >= working) return {batch.first + batch.count, 0};
  const std::int64_t begin = batch.count * shard.rank / working;
  const std::int64_t end = batch.count * (shard.rank + 1) / working;
  return {batch.first + begin, end - begin};
}

LoaderOptions shard_of(const LoaderOptions& epoch, const Shard& shard) {
  LoaderOptions own = epoch;
  own.order.clear();
  own.batches.clear();
  for (const BatchBounds& batch : epoch.batches) {
    const BatchBounds rows = rows_of_shard(batch, shard);
    if (rows.count == 0) continue;
    own.batches.push_back({static_cast<std::int64_t>(own.order.size()), rows.count});
    const auto begin = epoch.order.begin() + rows.first;
    own.order.insert(own.order.end(), begin, begin + rows.count);
  }
  return own;
}

std::unique_ptr<BatchReader> read_shard(TrainingInput& input, const LoaderOptions& epoch,
                                        const Shard& shard) {
  return std::make_unique<ShardReader>(input, epoch, shard);
}

}  // namespace transfer
