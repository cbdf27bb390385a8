#pragma once

#include <cstdint>

namespace transfer {

/// Successive halving (Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and
/// Hyperparameter Optimization"): all combinations of a matrix train for a few epochs, the best of
/// them go on for longer, and so on until those that are left train to their end.
struct Halving {
  /// Epochs after which they are compared for the first time.
  std::int64_t epochs = 1;
  /// One in `factor` goes on, to `factor` times the epochs.
  std::int64_t factor = 3;
};

}  // namespace transfer
