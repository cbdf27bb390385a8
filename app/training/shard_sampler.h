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
  /// Fewest rows that a process takes, if any: two where BatchNorm normalises by them.
  std::int64_t least_rows = 1;
};

/// The consecutive rows of a batch that belong to the shard; none if the batch is too small for all
/// processes. The shards of one batch partition it, with sizes that differ by one at most.
BatchBounds rows_of_shard(const BatchBounds& batch, const Shard& shard);

/// The rows of an epoch's batches that belong to the shard, as an epoch of non-empty batches.
/// Samples keep their positions, so they are augmented as in the whole epoch.
LoaderOptions shard_of(const LoaderOptions& epoch, const Shard& shard);

/// Reads the shard's part of every batch of the epoch. A batch without rows for it is empty
/// (`count` 0, without tensors).
std::unique_ptr<BatchReader> read_shard(TrainingInput& input, const LoaderOptions& epoch,
                                        const Shard& shard);

}  // namespace transfer
