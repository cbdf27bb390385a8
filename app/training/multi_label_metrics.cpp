#include <torch/types.h>

#include "app/training/auroc.h"
#include "app/training/label_thresholds.h"
#include "app/training/loss.h"
#include "app/training/metrics.h"

namespace transfer {
namespace {

double ratio(double part, double whole) { return whole == 0 ? 0.0 : part / whole; }

/// Σ (R_n − R_{n−1}) P_n over the thresholds from high to low; images of one logit share one.
double average_precision(const torch::Tensor& logits, const torch::Tensor& targets) {
  const auto order = logits.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  const auto scores = logits.index_select(0, order);
  const auto truth = targets.index_select(0, order);
  const float* score = scores.data_ptr<float>();
  const float* is_positive = truth.data_ptr<float>();
  double positives = 0;
  double before = 0;
  double area = 0;
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    positives += is_positive[i];
    if (i + 1 < scores.size(0) && score[i + 1] == score[i]) continue;
    area += (positives - before) * positives / static_cast<double>(i + 1);
    before = positives;
  }
  return ratio(area, positives);
}

/// `is_predicted` [n] bool.
void add_label(MultiLabelMetrics& metrics, const torch::Tensor& logits,
               const torch::Tensor& is_predicted, const torch::Tensor& targets) {
  const auto predicted = is_predicted.to(torch::kFloat64);
  const double hits = (predicted * targets).sum().item<double>();
  const double predictions = predicted.sum().item<double>();
  const double truth = targets.sum().item<double>();
  metrics.precision.push_back(ratio(hits, predictions));
  metrics.recall.push_back(ratio(hits, truth));
  metrics.f1.push_back(ratio(2 * hits, predictions + truth));
  metrics.average_precision.push_back(average_precision(logits, targets));
  metrics.support.push_back(static_cast<std::int64_t>(truth));
}

/// Averages over the labels that matter to each.
void add_averages(MultiLabelMetrics& metrics, const torch::Tensor& are_predicted) {
  double f1 = 0;
  double precision = 0;
  double seen = 0;
  double occurring = 0;
  for (std::size_t c = 0; c < metrics.f1.size(); ++c) {
    const auto predicted = are_predicted.select(1, static_cast<std::int64_t>(c));
    const bool occurs = metrics.support[c] > 0;
    if (occurs || predicted.any().item<bool>()) {
      f1 += metrics.f1[c];
      ++seen;
    }
    if (occurs) {
      precision += metrics.average_precision[c];
      ++occurring;
    }
  }
  metrics.macro_f1 = ratio(f1, seen);
  metrics.mean_average_precision = ratio(precision, occurring);
}

}  // namespace

MultiLabelMetrics multi_label_metrics(const Objective& objective, const torch::Tensor& all_logits,
                                      const Truth& all_truth, const MeasureOptions& options) {
  torch::NoGradGuard no_gradients;
  const auto rows = all_truth.counted();
  const Truth truth = all_truth.select(rows);
  const auto logits = all_logits.index_select(0, rows);
  MultiLabelMetrics metrics;
  metrics.images = rows.size(0);
  const auto predicted = predicted_labels(objective, logits.sigmoid());
  for (std::int64_t c = 0; c < logits.size(1); ++c) {
    add_label(metrics, logits.select(1, c), predicted.select(1, c), truth.targets.select(1, c));
    metrics.threshold.push_back(objective.label_threshold(static_cast<std::size_t>(c)));
  }
  add_averages(metrics, predicted);
  if (metrics.images == 0) return metrics;
  if (options.auroc) {
    metrics.auroc = mean_area_under_roc(logits.to(torch::kFloat64), truth.targets.gt(0.5));
  }
  const Loss loss{{LossKind::kBinaryCrossEntropy}};
  metrics.loss = loss.sum(logits, truth).item<double>() / loss.weight(truth);
  if (truth.targets.sum(1).eq(1).all().item<bool>()) {
    const auto hits = logits.argmax(1).eq(truth.targets.argmax(1));
    metrics.accuracy = hits.to(torch::kFloat64).mean().item<double>();
  }
  return metrics;
}

}  // namespace transfer
