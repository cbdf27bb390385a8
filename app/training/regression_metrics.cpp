#include <torch/types.h>

#include <cmath>

#include "app/training/loss.h"
#include "app/training/metrics.h"

namespace transfer {
namespace {

/// values and targets [N] in float64. REQUIRES: N > 0.
ColumnMetrics column_metrics(const torch::Tensor& values, const torch::Tensor& targets) {
  const auto errors = values - targets;
  const double squares = errors.square().sum().item<double>();
  const double spread = (targets - targets.mean()).square().sum().item<double>();
  ColumnMetrics metrics;
  metrics.r2 = squares == 0 ? 1.0 : 0.0;
  if (spread > 0) metrics.r2 = 1.0 - squares / spread;
  metrics.mae = errors.abs().mean().item<double>();
  metrics.rmse = std::sqrt(squares / static_cast<double>(values.size(0)));
  return metrics;
}

}  // namespace

RegressionMetrics regression_metrics(const Objective& objective, const torch::Tensor& all_values,
                                     const Truth& all_truth) {
  torch::NoGradGuard no_gradients;
  const auto rows = all_truth.counted();
  const Truth truth = all_truth.select(rows);
  const auto values = all_values.index_select(0, rows);
  RegressionMetrics metrics;
  metrics.images = rows.size(0);
  const auto count = values.size(1);
  if (metrics.images == 0) {
    metrics.columns.resize(static_cast<std::size_t>(count));
    return metrics;
  }
  const Loss loss{objective};
  metrics.loss = loss.sum(values, truth).item<double>() / loss.weight(truth);
  for (std::int64_t k = 0; k < count; ++k) {
    metrics.columns.push_back(column_metrics(values.select(1, k).to(torch::kFloat64),
                                             truth.targets.select(1, k).to(torch::kFloat64)));
    metrics.mean.r2 += metrics.columns.back().r2 / static_cast<double>(count);
    metrics.mean.mae += metrics.columns.back().mae / static_cast<double>(count);
    metrics.mean.rmse += metrics.columns.back().rmse / static_cast<double>(count);
  }
  return metrics;
}

}  // namespace transfer
