#include "app/training/batch_prefetch.h"

#include <utility>

namespace transfer {

BatchPrefetch::BatchPrefetch(std::unique_ptr<BatchReader> source, const CopyStream* copies)
    : source_(std::move(source)), copies_(copies) {}

std::optional<Batch> BatchPrefetch::next() {
  if (copies_ == nullptr) return source_->next();
  if (!is_begun_) ahead_ = read_ahead();
  is_begun_ = true;
  if (!ahead_) return std::nullopt;
  Batch batch = std::move(ahead_->batch);
  if (ahead_->images) batch.images = copies_->take(std::move(*ahead_->images));
  ahead_ = read_ahead();
  return batch;
}

std::optional<BatchPrefetch::Ahead> BatchPrefetch::read_ahead() {
  auto batch = source_->next();
  if (!batch) return std::nullopt;
  Ahead ahead{*std::move(batch), std::nullopt};
  // A process without rows of a batch has no images.
  if (ahead.batch.images.defined()) {
    ahead.images = copies_->send(ahead.batch.images);
    ahead.batch.images.reset();
  }
  return ahead;
}

}  // namespace transfer
