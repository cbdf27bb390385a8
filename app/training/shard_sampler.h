#pragma once

#include <cstdint>
#include <memory>

#include "app/training/training_input.h"
#include "datasets/loader.h"
#include "datasets/sampling.h"

namespace transfer {

/// Which part of every batch one of several processes takes.
struct Shard {
  std::int64_t rank = 0;
  std::int64_t processes = 1;
  /// Rows that a process takes at least where it takes any: two where BatchNorm normalises by them.
  std::int64_t least_rows = 1;
};

/// The consecutive rows of a batch that are the shard's; none where the batch is too small for all
/// processes. The shards of one batch do not overlap and are the batch together, their sizes differ
/// by one at most.
BatchBounds rows_of_shard(const BatchBounds& batch, const Shard& shard);

/// The rows of an epoch's batches that are the shard's, as an epoch of its own: a batch for each
/// that has any. Samples keep their positions, so they are augmented as in the whole epoch.
LoaderOptions shard_of(const LoaderOptions& epoch, const Shard& shard);

/// Reads the shard's part of every batch of the epoch. A batch that has none is an empty one
/// (`count` 0, without tensors).
std::unique_ptr<BatchReader> read_shard(TrainingInput& input, const LoaderOptions& epoch,
                                        const Shard& shard);

}  // namespace transfer
