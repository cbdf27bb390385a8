#include "app/training/metrics.h"

namespace transfer {

Metrics measure(const Objective& objective, const torch::Tensor& outputs, const Truth& truth,
                const MeasureOptions& options) {
  switch (objective.targets()) {
    case TargetKind::kClass: return classification_metrics(outputs, truth.labels, options);
    case TargetKind::kLabels: return multi_label_metrics(objective, outputs, truth, options);
    case TargetKind::kValues: break;
  }
  return regression_metrics(objective, outputs, truth);
}

double loss_of(const Metrics& metrics) {
  return std::visit([](const auto& m) { return m.loss; }, metrics);
}

Score score_of(const Metrics& metrics) {
  struct Choose {
    Score operator()(const ClassificationMetrics& m) const { return {kAccuracy, m.accuracy}; }
    Score operator()(const MultiLabelMetrics& m) const {
      return {kMeanAveragePrecision, m.mean_average_precision};
    }
    Score operator()(const RegressionMetrics& m) const { return {kR2, m.mean.r2}; }
  };
  return std::visit(Choose{}, metrics);
}

}  // namespace transfer
