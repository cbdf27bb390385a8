#pragma once

#include <optional>
#include <string>

#include "app/training/metrics.h"
#include "configs/choices.h"

namespace transfer {

/// The value of `train.monitor` in an epoch, as a number of which a lower one is better: the loss
/// or an error itself, a score with its sign changed. Infinite where the loss is NaN or infinite
/// and where there is no area under a ROC curve.
/// REQUIRES: require_monitored() passed for the metrics' objective.
double monitored_value(const Metrics& metrics, Monitor monitor);

/// What is monitored of an epoch, as people read it.
struct MonitoredNumber {
  Monitor monitor = Monitor::kLoss;
  double value = 0;

  /// "AUROC 0.9312", "MAE 2.1000"
  std::string text() const;
};

/// The monitored number of an epoch; nothing where it is the loss or the score, which every epoch
/// reports. Infinite where it does not exist.
/// REQUIRES: require_monitored() passed for the metrics' objective.
std::optional<MonitoredNumber> further_number(const Metrics& metrics, Monitor monitor);

/// What an epoch's metrics must hold for this monitor.
MeasureOptions measured_for(Monitor monitor);

/// Throws ConfigError, naming those that exist, unless the metrics of models with this objective
/// have the monitored one.
void require_monitored(const Objective& objective, Monitor monitor);

/// Throws DataError where the monitored number cannot exist on validation images with this truth,
/// or is the same for all models: the area under a ROC curve needs images with and images without a
/// class, average precision and R² images of different labels and numbers. `outputs` is the number
/// of classes, labels or columns.
void require_monitored_on(const Truth& val, std::int64_t outputs, const Objective& objective,
                          Monitor monitor);

}  // namespace transfer
