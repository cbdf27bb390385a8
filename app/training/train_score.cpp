#include "app/training/train_score.h"

#include <torch/torch.h>

namespace transfer {
namespace {

/// Of classes and labels: what is right, and what there is. Of numbers, one of each a column:
/// squared errors, targets, squared targets, rows.
constexpr std::int64_t kShareSums = 2;
constexpr std::int64_t kColumnSums = 4;

/// [n,1]: 1 for rows that count, else 0.
torch::Tensor counting_rows(const Truth& truth) {
  return truth.labels.ge(0).to(torch::kFloat64).unsqueeze(1);
}

torch::Tensor class_sums(const torch::Tensor& logits, const Truth& truth) {
  const auto predicted = logits.argmax(1, /*keepdim=*/true);
  if (!truth.targets.defined()) {
    return at::stack({predicted.eq(truth.labels.unsqueeze(1)).sum(), truth.labels.ge(0).sum()})
        .to(torch::kFloat64);
  }
  const auto shares = truth.targets.to(torch::kFloat64);
  return at::stack({shares.gather(1, predicted).sum(), shares.sum()});
}

torch::Tensor label_sums(const torch::Tensor& logits, const Truth& truth) {
  const auto shares = truth.targets.to(torch::kFloat64);
  const auto right = at::where(logits.ge(0), shares, 1.0 - shares);
  const auto rows = counting_rows(truth);
  return at::stack({(right * rows).sum(), rows.sum() * logits.size(1)});
}

torch::Tensor value_sums(const Loss& loss, const torch::Tensor& outputs, const Truth& truth) {
  const TargetScaling& scaling = loss.target_scaling;
  const auto rows = counting_rows(truth);
  const auto errors = (scaling.in_units(outputs) - truth.targets).to(torch::kFloat64) * rows;
  auto targets = truth.targets.to(torch::kFloat64);
  // Around their mean, since the spread is a difference of sums of squares.
  if (!scaling.is_identity()) targets = targets - scaling.mean;
  targets = targets * rows;
  return at::stack({errors.square().sum(0), targets.sum(0), targets.square().sum(0),
                    rows.expand_as(targets).sum(0)})
      .flatten();
}

/// The mean over the columns, each as regression_metrics() has it.
double r2_of_sums(const std::vector<double>& sums) {
  const std::size_t columns = sums.size() / kColumnSums;
  double mean = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    const double squares = sums[k];
    const double sum = sums[columns + k];
    const double spread = sums[2 * columns + k] - sum * sum / sums[3 * columns + k];
    const double constant = squares == 0 ? 1.0 : 0.0;
    mean += (spread > 0 ? 1.0 - squares / spread : constant) / static_cast<double>(columns);
  }
  return mean;
}

}  // namespace

std::int64_t count_score_sums(const Objective& objective, std::int64_t outputs) {
  return objective.targets() == TargetKind::kValues ? kColumnSums * outputs : kShareSums;
}

torch::Tensor score_sums(const Loss& loss, const torch::Tensor& outputs, const Truth& truth) {
  const torch::NoGradGuard no_gradients;
  switch (loss.objective.targets()) {
    case TargetKind::kClass: return class_sums(outputs, truth);
    case TargetKind::kLabels: return label_sums(outputs, truth);
    case TargetKind::kValues: break;
  }
  return value_sums(loss, outputs, truth);
}

std::optional<Score> score_of_sums(const Objective& objective, const std::vector<double>& sums) {
  if (sums.empty() || !(sums.back() > 0)) return std::nullopt;
  if (objective.targets() == TargetKind::kValues) return Score{kR2, r2_of_sums(sums)};
  const bool is_class = objective.targets() == TargetKind::kClass;
  return Score{is_class ? kAccuracy : kLabelAccuracy, sums[0] / sums[1]};
}

ScoreName training_score_name(const ScoreName& val) {
  return val == kMeanAveragePrecision ? kLabelAccuracy : val;
}

}  // namespace transfer
