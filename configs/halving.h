#pragma once

#include <cstdint>

namespace transfer {

/// Successive halving (Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and
/// Hyperparameter Optimization"): all combinations of a matrix train for a few epochs, the best of
/// them continue for longer, and so on until the remaining ones train to their end.
struct Halving {
  /// Epochs after which the combinations are compared for the first time.
  std::int64_t epochs = 1;
  /// One in `factor` continues, for `factor` times the epochs.
  std::int64_t factor = 3;
};

}  // namespace transfer
