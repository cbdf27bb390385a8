#pragma once

#include <torch/types.h>

#include "datasets/truth.h"
#include "models/head.h"

namespace transfer {

/// Mean and standard deviation of a regression's targets. Networks are trained for targets of mean
/// 0 and standard deviation 1, so that one learning rate and one weight decay suit every unit;
/// finished models give the targets' own units. Undefined tensors (other tasks) change nothing.
struct TargetScaling {
  torch::Tensor mean = {};                ///< [K] float32
  torch::Tensor standard_deviation = {};  ///< [K] float32

  bool is_identity() const { return !mean.defined(); }
  /// A network's outputs [n,K] for scaled targets, in the targets' units.
  torch::Tensor in_units(const torch::Tensor& outputs) const;
  /// The head whose outputs are those of `head` in the targets' units, and the inverse. The scaling
  /// is folded into the last layer.
  Head in_units(const Head& head) const;
  Head scaled(const Head& head) const;
};

/// Measured on the rows that count. A constant column gets the standard deviation 1.
TargetScaling measure_target_scaling(const Truth& train, torch::Device device);

}  // namespace transfer
