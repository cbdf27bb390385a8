#include "app/training/auroc.h"
#include "app/training/metrics.h"

#include <torch/torch.h>

#include <algorithm>

namespace transfer {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

void add_class_scores(ClassificationMetrics& metrics) {
  const std::size_t classes = metrics.confusion_matrix.size();
  double f1_sum = 0;
  std::int64_t occurring = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    std::int64_t truth = 0;
    std::int64_t predicted = 0;
    for (std::size_t other = 0; other < classes; ++other) {
      truth += metrics.confusion_matrix[c][other];
      predicted += metrics.confusion_matrix[other][c];
    }
    const std::int64_t hits = metrics.confusion_matrix[c][c];
    metrics.precision.push_back(ratio(hits, predicted));
    metrics.recall.push_back(ratio(hits, truth));
    metrics.f1.push_back(ratio(2 * hits, truth + predicted));
    metrics.support.push_back(truth);
    if (truth + predicted > 0) {
      f1_sum += metrics.f1.back();
      ++occurring;
    }
  }
  metrics.macro_f1 = occurring == 0 ? 0.0 : f1_sum / static_cast<double>(occurring);
}

}  // namespace

ClassificationMetrics classification_metrics(const torch::Tensor& all_logits,
                                             const torch::Tensor& all_labels,
                                             const MeasureOptions& options) {
  torch::NoGradGuard no_gradients;
  const auto rows = all_labels.ge(0).nonzero().flatten();
  const auto logits = all_logits.index_select(0, rows);
  const auto labels = all_labels.index_select(0, rows).contiguous();
  const std::int64_t classes = logits.size(1);

  ClassificationMetrics metrics;
  metrics.images = rows.size(0);
  metrics.k = std::min(options.k, classes);
  metrics.confusion_matrix.assign(static_cast<std::size_t>(classes),
                                  std::vector<std::int64_t>(static_cast<std::size_t>(classes), 0));
  if (metrics.images > 0) {
    metrics.loss = torch::nn::functional::cross_entropy(logits, labels).item<double>();
    const auto predictions = logits.argmax(1).contiguous();
    metrics.accuracy = predictions.eq(labels).to(torch::kFloat64).mean().item<double>();
    const auto highest = std::get<1>(logits.topk(metrics.k, 1));
    metrics.top_k_accuracy =
        highest.eq(labels.unsqueeze(1)).any(1).to(torch::kFloat64).mean().item<double>();
    for (std::int64_t i = 0; i < metrics.images; ++i) {
      const auto truth = static_cast<std::size_t>(labels.data_ptr<std::int64_t>()[i]);
      const auto predicted = static_cast<std::size_t>(predictions.data_ptr<std::int64_t>()[i]);
      ++metrics.confusion_matrix[truth][predicted];
    }
    if (options.auroc) {
      metrics.auroc = mean_area_under_roc(
          logits.to(torch::kCPU, torch::kFloat64).softmax(1),
          labels.unsqueeze(1).eq(torch::arange(classes, labels.options())).cpu());
    }
  }
  add_class_scores(metrics);
  return metrics;
}

}  // namespace transfer
