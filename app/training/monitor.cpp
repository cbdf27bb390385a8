#include "app/training/monitor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "core/enum_names.h"
#include "core/errors.h"

namespace transfer {
namespace {

/// An area that does not exist is worse than any other.
double area_of(const std::optional<double>& auroc) {
  return auroc.value_or(-std::numeric_limits<double>::infinity());
}

/// Lower is better; nothing where metrics of this kind have no such number.
struct MonitoredValue {
  Monitor monitor;

  std::optional<double> operator()(const ClassificationMetrics& metrics) const {
    switch (monitor) {
      case Monitor::kLoss: return metrics.loss;
      case Monitor::kClassAccuracy: return -metrics.accuracy;
      case Monitor::kMacroF1: return -metrics.macro_f1;
      case Monitor::kAuroc: return -area_of(metrics.auroc);
      default: return std::nullopt;
    }
  }

  std::optional<double> operator()(const MultiLabelMetrics& metrics) const {
    switch (monitor) {
      case Monitor::kLoss: return metrics.loss;
      case Monitor::kMacroF1: return -metrics.macro_f1;
      case Monitor::kAuroc: return -area_of(metrics.auroc);
      case Monitor::kMeanPrecision: return -metrics.mean_average_precision;
      default: return std::nullopt;
    }
  }

  std::optional<double> operator()(const RegressionMetrics& metrics) const {
    switch (monitor) {
      case Monitor::kLoss: return metrics.loss;
      case Monitor::kRSquared: return -metrics.mean.r2;
      case Monitor::kMae: return metrics.mean.mae;
      case Monitor::kRmse: return metrics.mean.rmse;
      default: return std::nullopt;
    }
  }
};

/// Empty metrics of the kind that models with this objective have.
Metrics kind_of_metrics(const Objective& objective) {
  switch (objective.targets()) {
    case TargetKind::kClass: return ClassificationMetrics{};
    case TargetKind::kLabels: return MultiLabelMetrics{};
    case TargetKind::kValues: return RegressionMetrics{};
  }
  return ClassificationMetrics{};
}

}  // namespace

double monitored_value(const Metrics& metrics, Monitor monitor) {
  if (!std::isfinite(loss_of(metrics))) return std::numeric_limits<double>::infinity();
  return std::visit(MonitoredValue{monitor}, metrics).value();
}

MeasureOptions measured_for(Monitor monitor) { return {.auroc = monitor == Monitor::kAuroc}; }

void require_monitored(const Objective& objective, Monitor monitor) {
  const Metrics metrics = kind_of_metrics(objective);
  if (std::visit(MonitoredValue{monitor}, metrics)) return;
  std::vector<std::string_view> possible;
  for (std::size_t i = 0; i < kNames<Monitor>.size(); ++i) {
    const auto candidate = static_cast<Monitor>(i);
    if (std::visit(MonitoredValue{candidate}, metrics)) possible.push_back(name_of(candidate));
  }
  throw ConfigError(
      fmt::format("train.monitor: found '{}', which models of this loss do not have. "
                  "Expected one of {}.",
                  name_of(monitor), fmt::join(possible, ", ")));
}

void require_monitored_on(const Truth& val, std::int64_t outputs, const Objective& objective,
                          Monitor monitor) {
  if (monitor != Monitor::kAuroc) return;
  const auto equal = torch::zeros({val.rows(), outputs});
  const Metrics metrics = measure(objective, equal, val, measured_for(monitor));
  if (std::isfinite(monitored_value(metrics, monitor))) return;
  throw DataError(fmt::format(
      "train.monitor: 'auroc' needs validation images with and without a {0}; all {1} validation "
      "images have the same. Add images of another {0} to the validation split, or monitor loss.",
      objective.targets() == TargetKind::kClass ? "class" : "label", val.rows()));
}

}  // namespace transfer
