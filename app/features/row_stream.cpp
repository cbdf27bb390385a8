#include "app/features/row_stream.h"

#include <map>
#include <mutex>
#include <utility>

namespace transfer {
namespace {

/// Blocks that are done before one in front of them wait here. There are few: the streams of a pass
/// take their batches in turn.
class OrderedBlocks {
 public:
  explicit OrderedBlocks(const std::function<void(const RowBlock&)>& take) : take_(take) {}

  void add(RowBlock block) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(block.first, std::move(block));
    while (!waiting_.empty() && waiting_.begin()->first == position_) {
      // Taken out first: where `take` throws, no other stream hands it on once more.
      const RowBlock next = std::move(waiting_.extract(waiting_.begin()).mapped());
      take_(next);
      position_ += next.rows.size(0);
    }
  }

 private:
  const std::function<void(const RowBlock&)>& take_;
  std::mutex mutex_;
  /// By the position of their first image.
  std::map<std::int64_t, RowBlock> waiting_;
  std::int64_t position_ = 0;
};

}  // namespace

void stream_over_images(const ImagePass& pass,
                        const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                        const std::function<void(const RowBlock&)>& take) {
  OrderedBlocks blocks(take);
  run_over_images(pass, forward, [&](const Batch& batch, const torch::Tensor& rows) {
    blocks.add({batch.first, rows.narrow(0, 0, batch.count).to(torch::kCPU), batch.broken});
  });
}

}  // namespace transfer
