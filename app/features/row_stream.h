#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

#include "app/features/image_pass.h"

namespace transfer {

/// What a network gave for consecutive images.
struct RowBlock {
  /// Position of the first image in the pass's order.
  std::int64_t first = 0;
  torch::Tensor rows;  ///< [n,D], on the CPU
  /// Those of them that are broken, whose rows mean nothing.
  std::vector<BrokenImage> broken;
};

/// Runs `forward` as run_over_images() does and hands the rows to `take` in the order of the
/// images, as soon as they are there, so that the memory does not grow with the number of images.
/// `take` is called for one block at a time, from several threads. Throws what either throws, and
/// Interrupted.
void stream_over_images(const ImagePass& pass,
                        const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                        const std::function<void(const RowBlock&)>& take);

}  // namespace transfer
