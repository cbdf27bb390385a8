#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// The targets of n images, row by row: what a network's outputs are compared with.
struct Truth {
  /// [n] int64: classes, or 0 where an image has no single class; −1 for rows that do not count.
  torch::Tensor labels;
  /// [n,K] float32: labels as 0 and 1, numbers, or the share of each class in a mixed image;
  /// undefined where `labels` says everything.
  torch::Tensor targets = {};

  std::int64_t rows() const { return labels.size(0); }
  /// Positions of the rows that count.
  torch::Tensor counted() const { return labels.ge(0).nonzero().flatten(); }
  /// The rows at these positions.
  Truth select(const torch::Tensor& positions) const;
  Truth narrow(std::int64_t first, std::int64_t count) const;
  Truth to(torch::Device device) const;
};

/// The targets of the samples, in their order.
Truth truth_of(const std::vector<Sample>& samples);

}  // namespace transfer
