#pragma once

#include <cstdint>
#include <vector>

#include "configs/choices.h"

namespace transfer {

/// The samples of one epoch, as positions in `labels`, in the order in which they are trained on;
/// as many as there are labels. `kShuffle`: each once. `kBalanced`: each class equally often (up to
/// one), and of a class each sample equally often (up to one), repeated or left out as the number
/// of places asks for (class-aware sampling, Shen et al. 2016). `seed` and `epoch` decide
/// everything.
std::vector<std::int64_t> epoch_order(const std::vector<std::int64_t>& labels, Sampler sampler,
                                      std::uint64_t seed, std::uint64_t epoch);

/// Consecutive samples that form a batch.
struct BatchBounds {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// Divides `count` samples into batches. A last batch of one sample joins the one before, which
/// then is one larger: BatchNorm has no variance over one image. REQUIRES: batch_size > 0.
std::vector<BatchBounds> batch_bounds(std::int64_t count, std::int64_t batch_size);

}  // namespace transfer
