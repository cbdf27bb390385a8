#pragma once

#include <cstdint>
#include <vector>

#include "configs/choices.h"

namespace transfer {

/// The samples of one epoch, as positions in `labels`, in the order in which they are trained on;
/// as many as there are labels. `kShuffle` takes each sample once. `kBalanced` takes each class
/// equally often (give or take one), and within a class each sample equally often (give or take
/// one), so that samples are repeated or left out (class-aware sampling, Shen et al. 2016). `seed`
/// and `epoch` decide everything.
std::vector<std::int64_t> epoch_order(const std::vector<std::int64_t>& labels, Sampler sampler,
                                      std::uint64_t seed, std::uint64_t epoch);

/// Consecutive samples that form a batch.
struct BatchBounds {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// Divides `count` samples into batches. A last batch of a single sample joins the one before it,
/// since BatchNorm has no variance over one image. REQUIRES: batch_size > 0.
std::vector<BatchBounds> batch_bounds(std::int64_t count, std::int64_t batch_size);

}  // namespace transfer
