#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "app/training/score_name.h"
#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// How well logits fit classes. Classes without any image and without any prediction count 0 in
/// precision, recall and F1, and are left out of `macro_f1` (as scikit-learn does for labels that
/// occur neither as truth nor as prediction).
struct ClassificationMetrics {
  std::int64_t images = 0;
  /// Mean cross-entropy, unweighted and without label smoothing.
  double loss = 0;
  double accuracy = 0;
  /// Part of the images whose class is among the `k` highest logits; k is at most the number of
  /// classes.
  double top_k_accuracy = 0;
  std::int64_t k = 0;
  double macro_f1 = 0;
  /// Mean over the classes of the area under the ROC curve of each against the rest, by its
  /// probability; nothing where all images are of one class, or where it was not asked for.
  std::optional<double> auroc;
  std::vector<double> precision;
  std::vector<double> recall;
  std::vector<double> f1;
  /// Images of the class.
  std::vector<std::int64_t> support;
  /// confusion_matrix[truth][prediction], numbers of images.
  std::vector<std::vector<std::int64_t>> confusion_matrix;
};

/// How well one sigmoid a label fits labels; a label is predicted from its threshold on.
struct MultiLabelMetrics {
  std::int64_t images = 0;
  /// Mean binary cross-entropy, summed over the labels.
  double loss = 0;
  /// Over the labels that occur as truth or as prediction.
  double macro_f1 = 0;
  /// Mean of the average precisions of the labels that occur.
  double mean_average_precision = 0;
  /// Mean area under the ROC curve over the labels that some images have and some lack; nothing
  /// without such a label, or where it was not asked for.
  std::optional<double> auroc;
  /// Where every image has exactly one label: part of those whose label is the likeliest.
  std::optional<double> accuracy;
  std::vector<double> precision;
  std::vector<double> recall;
  std::vector<double> f1;
  /// Area under precision over recall in steps, as scikit-learn's average_precision_score; 0 for a
  /// label that does not occur.
  std::vector<double> average_precision;
  /// Images that have the label.
  std::vector<std::int64_t> support;
  /// The probability from which on the label is predicted.
  std::vector<double> threshold;
};

/// How well numbers fit a column of targets, in its units.
struct ColumnMetrics {
  /// 1 − Σ (y − ŷ)² / Σ (y − ȳ)², as scikit-learn's r2_score: 0 is what the mean of these very
  /// targets reaches. Where all targets are the same: 1 if all are hit, else 0.
  double r2 = 0;
  double mae = 0;
  double rmse = 0;
};

/// Likewise for several columns.
struct RegressionMetrics {
  std::int64_t images = 0;
  /// Mean of the loss that was trained with.
  double loss = 0;
  /// Averages over the columns.
  ColumnMetrics mean;
  std::vector<ColumnMetrics> columns;
};

using Metrics = std::variant<ClassificationMetrics, MultiLabelMetrics, RegressionMetrics>;

/// What to measure beside the rest.
struct MeasureOptions {
  /// The k of top-k accuracy.
  std::int64_t k = 1;
  /// Whether to compute areas under ROC curves, which sorts the images once for each class.
  bool auroc = false;
};

/// Outputs [N,C] of a model in the targets' units (logits, numbers) against what is known; rows
/// that do not count are left out.
Metrics measure(const Objective& objective, const torch::Tensor& outputs, const Truth& truth,
                const MeasureOptions& options);

/// The one number by which people compare models; higher is better.
struct Score {
  /// One of kModelScores.
  ScoreName name = kAccuracy;
  double value = 0;

  /// "accuracy 95.03 %", "R² 0.5312"
  std::string text() const { return name.text(value); }
};

double loss_of(const Metrics& metrics);
Score score_of(const Metrics& metrics);

/// logits [N,C], labels [N]; rows with label −1 are left out.
ClassificationMetrics classification_metrics(const torch::Tensor& logits,
                                             const torch::Tensor& labels,
                                             const MeasureOptions& options);

/// logits [N,C], truth with targets of 0 and 1. The objective has the labels' thresholds.
MultiLabelMetrics multi_label_metrics(const Objective& objective, const torch::Tensor& logits,
                                      const Truth& truth, const MeasureOptions& options);

/// values [N,K], truth with targets in the same units.
RegressionMetrics regression_metrics(const Objective& objective, const torch::Tensor& values,
                                     const Truth& truth);

}  // namespace transfer
