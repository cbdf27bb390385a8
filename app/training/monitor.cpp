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
#include "core/quantity_text.h"

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

/// Whether the number says nothing where all validation images have the same targets.
bool needs_differences(Monitor monitor) {
  return monitor == Monitor::kAuroc || monitor == Monitor::kMeanPrecision ||
         monitor == Monitor::kRSquared;
}

/// For people.
std::string_view title_of(Monitor monitor) {
  switch (monitor) {
    case Monitor::kLoss: return "loss";
    case Monitor::kClassAccuracy: return kAccuracy.title;
    case Monitor::kMacroF1: return "macro-F1";
    case Monitor::kAuroc: return "AUROC";
    case Monitor::kMeanPrecision: return kMeanAveragePrecision.title;
    case Monitor::kRSquared: return kR2.title;
    case Monitor::kMae: return "MAE";
    case Monitor::kRmse: return "RMSE";
  }
  return name_of(monitor);
}

/// Whether a higher value is better, so that MonitoredValue changes its sign.
bool is_gain(Monitor monitor) {
  return monitor != Monitor::kLoss && monitor != Monitor::kMae && monitor != Monitor::kRmse;
}

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

std::string MonitoredNumber::text() const {
  return fmt::format("{} {}", title_of(monitor),
                     is_gain(monitor) ? fmt::format("{:.4f}", value) : fixed_text(value));
}

std::optional<MonitoredNumber> further_number(const Metrics& metrics, Monitor monitor) {
  if (monitor == Monitor::kLoss || name_of(monitor) == score_of(metrics).name.key) return {};
  const double lower_is_better = std::visit(MonitoredValue{monitor}, metrics).value();
  return MonitoredNumber{monitor, is_gain(monitor) ? -lower_is_better : lower_is_better};
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
  if (!needs_differences(monitor)) return;
  if (monitor == Monitor::kAuroc) {
    const auto equal = torch::zeros({val.rows(), outputs});
    const Metrics metrics = measure(objective, equal, val, measured_for(monitor));
    if (std::isfinite(monitored_value(metrics, monitor))) return;
  } else if (!val.targets.defined() ||
             !val.targets.eq(val.targets.slice(0, 0, 1)).all().item<bool>()) {
    return;
  }
  const bool are_numbers = objective.targets() == TargetKind::kValues;
  const std::string_view target = objective.targets() == TargetKind::kClass ? "class" : "label";
  throw DataError(fmt::format(
      "train.monitor: '{}' needs validation images {}; all {} validation images have the same. Add "
      "images {} to the validation split, or monitor loss.",
      name_of(monitor),
      are_numbers ? "of different numbers" : fmt::format("with and without a {}", target),
      val.rows(), are_numbers ? "of other numbers" : fmt::format("of another {}", target)));
}

}  // namespace transfer
