#pragma once

#include <memory>
#include <optional>

#include "app/compute/device_copies.h"
#include "app/training/training_input.h"

namespace transfer {

/// Batches whose images are on their way to a GPU one batch ahead of training, beside its
/// arithmetic. Labels and targets stay on the host, which counts and mixes them.
///
/// On a GPU the batch after the one that is returned has been read as well, so next() waits for it,
/// and what reading throws comes one batch early. On the CPU batches are passed on as they are.
class BatchPrefetch : public BatchReader {
 public:
  /// `copies` is a stream of the GPU that trains and must outlive this; nullptr on the CPU.
  BatchPrefetch(std::unique_ptr<BatchReader> source, const CopyStream* copies);

  std::optional<Batch> next() override;

 private:
  /// A batch, and its images where they are being copied.
  struct Ahead {
    Batch batch;
    std::optional<CopyStream::Arriving> images;
  };

  std::optional<Ahead> read_ahead();

  std::unique_ptr<BatchReader> source_;
  const CopyStream* copies_;
  std::optional<Ahead> ahead_;
  bool is_begun_ = false;
};

}  // namespace transfer
