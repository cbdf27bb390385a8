#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "app/training/metrics.h"
#include "app/training/monitor.h"

namespace transfer {

/// One epoch of training, or one iteration of L-BFGS. Epoch 0 is the start, before any step.
struct EpochReport {
  std::int64_t epoch = 0;
  /// Mean loss in the targets' units; NaN for epoch 0.
  double train_loss = 0;
  double val_loss = 0;
  Score val_score;
  /// Of the last step; 0 for L-BFGS.
  double learning_rate = 0;
  /// Since training began, all invocations together.
  double seconds = 0;
  /// See score_sums(); nothing for epoch 0.
  std::optional<Score> train_score = {};
  /// See further_number(), on the validation images.
  std::optional<MonitoredNumber> val_monitored = {};
  /// Of this invocation, for people: of this epoch with its validation, images trained a second,
  /// and an estimate of what the further epochs take; 0 where it is unknown.
  double epoch_seconds = 0;
  double images_per_second = 0;
  double seconds_left = 0;
};

/// Called after every epoch, and with epoch 0 where the start counts.
using EpochCallback = std::function<void(const EpochReport&)>;

}  // namespace transfer
