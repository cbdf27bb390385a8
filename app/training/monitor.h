#pragma once

#include "app/training/metrics.h"
#include "configs/choices.h"

namespace transfer {

/// The value of `train.monitor` in an epoch, as a number of which a lower one is better: the loss
/// or an error itself, a score with its sign changed. Infinite where the loss is NaN or infinite.
/// REQUIRES: require_monitored() passed for the metrics' objective.
double monitored_value(const Metrics& metrics, Monitor monitor);

/// Throws ConfigError, naming those that exist, unless the metrics of models with this objective
/// have the monitored one.
void require_monitored(const Objective& objective, Monitor monitor);

}  // namespace transfer
