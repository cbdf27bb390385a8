#include "app/training/scored_images.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "app/training/label_thresholds.h"
#include "models/classifier.h"

namespace transfer {
namespace {

using Counts = std::vector<std::int32_t>;

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

std::vector<std::int64_t> numbers_of(const torch::Tensor& integers) {
  const torch::Tensor whole = integers.to(torch::kInt64).contiguous();
  const auto* const first = whole.const_data_ptr<std::int64_t>();
  return {first, first + whole.numel()};
}

CountedScore class_accuracy(const torch::Tensor& is_right) {
  return [right = numbers_of(is_right)](const Counts& counts) {
    std::int64_t hits = 0;
    std::int64_t images = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
      hits += counts[i] * right[i];
      images += counts[i];
    }
    return static_cast<double>(hits) / static_cast<double>(images);
  };
}

/// The mean F1 over those with any truth or prediction, from hits, truths plus predictions.
double mean_f1(const std::vector<std::int64_t>& hits, const std::vector<std::int64_t>& marks) {
  double sum = 0;
  double occurring = 0;
  for (std::size_t c = 0; c < hits.size(); ++c) {
    if (marks[c] == 0) continue;
    sum += 2.0 * static_cast<double>(hits[c]) / static_cast<double>(marks[c]);
    ++occurring;
  }
  return occurring == 0 ? 0 : sum / occurring;
}

CountedScore class_f1(const torch::Tensor& labels, const torch::Tensor& predicted,
                      std::int64_t classes) {
  return [truth = numbers_of(labels), said = numbers_of(predicted), classes](const Counts& counts) {
    std::vector<std::int64_t> hits(static_cast<std::size_t>(classes), 0);
    std::vector<std::int64_t> marks(static_cast<std::size_t>(classes), 0);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const auto t = static_cast<std::size_t>(truth[i]);
      const auto p = static_cast<std::size_t>(said[i]);
      marks[t] += counts[i];
      marks[p] += counts[i];
      if (t == p) hits[t] += counts[i];
    }
    return mean_f1(hits, marks);
  };
}

CountedScore label_f1(const torch::Tensor& predicted, const torch::Tensor& targets) {
  const auto labels = static_cast<std::size_t>(targets.size(1));
  return [said = numbers_of(predicted), truth = numbers_of(targets.ge(0.5)),
          labels](const Counts& counts) {
    std::vector<std::int64_t> hits(labels, 0);
    std::vector<std::int64_t> marks(labels, 0);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      for (std::size_t c = 0; c < labels; ++c) {
        const std::size_t at = i * labels + c;
        marks[c] += counts[i] * (said[at] + truth[at]);
        hits[c] += counts[i] * (said[at] & truth[at]);
      }
    }
    return mean_f1(hits, marks);
  };
}

/// The images in falling order of a column's score. Sorted once; each resample only counts.
struct RankedColumn {
  std::vector<std::int64_t> order;
  /// Whether the next one in the order has another score, for each.
  std::vector<bool> ends_tie;
  std::vector<bool> is_positive;
};

RankedColumn ranked(const torch::Tensor& scores, const torch::Tensor& is_positive) {
  const auto [sorted, order] = scores.contiguous().sort(/*stable=*/true, 0, /*descending=*/true);
  RankedColumn column{numbers_of(order), {}, {}};
  const torch::Tensor contiguous = sorted.contiguous();
  const auto* const score = contiguous.const_data_ptr<float>();
  const auto positive = numbers_of(is_positive.index_select(0, order));
  for (std::size_t i = 0; i < column.order.size(); ++i) {
    column.ends_tie.push_back(i + 1 == column.order.size() || score[i] != score[i + 1]);
    column.is_positive.push_back(positive[i] != 0);
  }
  return column;
}

/// Calls visit(positives, negatives) of each group of equal scores, from the highest.
template <typename Visit>
void for_each_tie(const RankedColumn& column, const Counts& counts, const Visit& visit) {
  double positives = 0;
  double negatives = 0;
  for (std::size_t i = 0; i < column.order.size(); ++i) {
    (column.is_positive[i] ? positives : negatives) +=
        counts[static_cast<std::size_t>(column.order[i])];
    if (!column.ends_tie[i]) continue;
    visit(positives, negatives);
    positives = 0;
    negatives = 0;
  }
}

/// See area_under_roc().
double ranked_auroc(const RankedColumn& column, const Counts& counts) {
  double pairs = 0;
  double positives = 0;
  double negatives = 0;
  for_each_tie(column, counts, [&](double p, double n) {
    pairs += n * (positives + p / 2);
    positives += p;
    negatives += n;
  });
  return positives == 0 || negatives == 0 ? kUndefined : pairs / (positives * negatives);
}

/// See MultiLabelMetrics::average_precision; undefined for a label that does not occur.
double ranked_average_precision(const RankedColumn& column, const Counts& counts) {
  double sum = 0;
  double positives = 0;
  double images = 0;
  for_each_tie(column, counts, [&](double p, double n) {
    positives += p;
    images += p + n;
    if (p > 0) sum += p * positives / images;
  });
  return positives == 0 ? kUndefined : sum / positives;
}

using ColumnScore = double (*)(const RankedColumn&, const Counts&);

/// The mean of a score over the columns that have it; `absent` where none has.
CountedScore mean_over_columns(const torch::Tensor& predictions, const torch::Tensor& is_positive,
                               ColumnScore score, double absent) {
  auto columns = std::make_shared<std::vector<RankedColumn>>();
  for (std::int64_t c = 0; c < predictions.size(1); ++c) {
    columns->push_back(ranked(predictions.select(1, c), is_positive.select(1, c)));
  }
  return [columns, score, absent](const Counts& counts) {
    double sum = 0;
    double defined = 0;
    for (const RankedColumn& column : *columns) {
      const double value = score(column, counts);
      if (std::isnan(value)) continue;
      sum += value;
      ++defined;
    }
    return defined == 0 ? absent : sum / defined;
  };
}

/// What the scores of numbers need of a column.
struct ColumnSums {
  double images = 0, targets = 0, squared_targets = 0, squared_errors = 0, errors = 0;

  /// See ColumnMetrics::r2.
  double r2() const {
    const double spread = squared_targets - targets * targets / images;
    if (spread <= 1e-12 * squared_targets) return squared_errors == 0 ? 1 : kUndefined;
    return 1 - squared_errors / spread;
  }
};

CountedScore mean_over_targets(const torch::Tensor& predictions, const torch::Tensor& targets,
                               double (*score)(const ColumnSums&)) {
  const torch::Tensor centred = targets.to(torch::kFloat64);
  // About the mean, so that little is lost where squares are subtracted.
  const torch::Tensor truth = (centred - centred.mean(0)).contiguous();
  const torch::Tensor errors = (predictions.to(torch::kFloat64) - centred).contiguous();
  return [truth, errors, score](const Counts& counts) {
    const auto columns = static_cast<std::size_t>(truth.size(1));
    const auto* const t = truth.const_data_ptr<double>();
    const auto* const e = errors.const_data_ptr<double>();
    double sum = 0;
    for (std::size_t k = 0; k < columns; ++k) {
      ColumnSums sums;
      for (std::size_t i = 0; i < counts.size(); ++i) {
        const std::size_t at = i * columns + k;
        sums.images += counts[i];
        sums.targets += counts[i] * t[at];
        sums.squared_targets += counts[i] * t[at] * t[at];
        sums.squared_errors += counts[i] * e[at] * e[at];
        sums.errors += counts[i] * std::abs(e[at]);
      }
      sum += score(sums);
    }
    return sum / static_cast<double>(columns);
  };
}

}  // namespace

ScoredImages scored_images(const torch::Tensor& outputs, const Truth& truth,
                           const Objective& objective) {
  const TargetKind kind = objective.targets();
  const torch::Tensor rows = truth.counted();
  const torch::Tensor known = outputs.to(torch::kCPU, torch::kFloat32).index_select(0, rows);
  ScoredImages images{kind, predictions_of(known, kind).contiguous(), truth.select(rows)};
  if (kind == TargetKind::kLabels) {
    images.predicted_labels = predicted_labels(objective, images.predictions);
  }
  return images;
}

std::vector<NamedScore> counted_scores(const ScoredImages& images) {
  const torch::Tensor& said = images.predictions;
  const torch::Tensor& labels = images.truth.labels;
  const torch::Tensor& targets = images.truth.targets;
  switch (images.kind) {
    case TargetKind::kClass: {
      const torch::Tensor predicted = said.argmax(1);
      const torch::Tensor one_hot =
          labels.unsqueeze(1).eq(torch::arange(images.columns(), labels.options()));
      return {{"accuracy", class_accuracy(predicted.eq(labels))},
              {"macro_f1", class_f1(labels, predicted, images.columns())},
              {"auroc", mean_over_columns(said, one_hot, ranked_auroc, kUndefined)}};
    }
    case TargetKind::kLabels:
      return {{"mean_average_precision",
               mean_over_columns(said, targets.ge(0.5), ranked_average_precision, 0)},
              {"macro_f1", label_f1(images.predicted_labels, targets)},
              {"auroc", mean_over_columns(said, targets.ge(0.5), ranked_auroc, kUndefined)}};
    case TargetKind::kValues: break;
  }
  const auto mean = [&](double (*score)(const ColumnSums&)) {
    return mean_over_targets(said, targets, score);
  };
  return {
      {"r2", mean([](const ColumnSums& s) { return s.r2(); })},
      {"mae", mean([](const ColumnSums& s) { return s.errors / s.images; })},
      {"rmse", mean([](const ColumnSums& s) { return std::sqrt(s.squared_errors / s.images); })}};
}

std::int64_t affordable_resamples(const ScoredImages& images) {
  constexpr std::int64_t kMostAdditions = 100'000'000;
  constexpr std::int64_t kFewest = 100;
  const std::int64_t affordable =
      kMostAdditions / std::max<std::int64_t>(1, images.images() * images.columns());
  return affordable < kFewest ? 0 : std::min(kResamples, affordable);
}

}  // namespace transfer
