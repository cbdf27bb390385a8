#pragma once

#include <cstdint>
#include <functional>

#include "app/training/metrics.h"

namespace transfer {

/// One epoch of training, or one iteration of L-BFGS.
struct EpochReport {
  std::int64_t epoch = 0;
  /// Mean loss in the targets' units.
  double train_loss = 0;
  double val_loss = 0;
  Score val_score;
  /// Of the last step; 0 for L-BFGS.
  double learning_rate = 0;
  /// Since training began, all invocations together.
  double seconds = 0;
};

/// Called after every epoch.
using EpochCallback = std::function<void(const EpochReport&)>;

}  // namespace transfer
