#pragma once

#include <torch/types.h>

#include "datasets/truth.h"

namespace transfer {

/// Targets, [n,…], of which every row counts.
inline Truth whole_truth(const torch::Tensor& targets) {
  return {torch::zeros({targets.size(0)}, torch::kInt64), targets};
}

}  // namespace transfer
