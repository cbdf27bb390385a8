#include "app/training/metrics.h"

#include <gtest/gtest.h>

#include "app/training/estimated_score.h"
#include "tests/app/whole_truth.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

double at(const torch::Tensor& tensor, std::size_t position) {
  return tensor[static_cast<std::int64_t>(position)].item<double>();
}

TEST(Metrics, EqualAnIndependentComputation) {
  auto g = golden("metrics.pt");
  const auto m = classification_metrics(g["logits"], g["labels"], {.k = 2, .auroc = true});
  EXPECT_NEAR(m.loss, g["loss"].item<double>(), 1e-5);
  EXPECT_NEAR(m.accuracy, g["top1"].item<double>(), 1e-9);
  EXPECT_NEAR(m.top_k_accuracy, g["top2"].item<double>(), 1e-9);
  EXPECT_NEAR(m.macro_f1, g["macro_f1"].item<double>(), 1e-6);
  EXPECT_NEAR(m.auroc.value_or(-1), g["auroc"].item<double>(), 1e-9);
  for (std::size_t c = 0; c < 4; ++c) {
    EXPECT_NEAR(m.precision[c], at(g["precision"], c), 1e-6);
    EXPECT_NEAR(m.recall[c], at(g["recall"], c), 1e-6);
    EXPECT_NEAR(m.f1[c], at(g["f1"], c), 1e-6);
    for (std::size_t p = 0; p < 4; ++p) {
      EXPECT_EQ(m.confusion_matrix[c][p],
                static_cast<std::int64_t>(at(g["confusion"][static_cast<std::int64_t>(c)], p)));
    }
  }
}

const Objective kLabelObjective{LossKind::kBinaryCrossEntropy};

TEST(MultiLabelMetrics, EqualAnIndependentComputation) {
  auto g = golden("targets.pt");
  const auto m = multi_label_metrics(kLabelObjective, g["label_logits"],
                                     whole_truth(g["label_targets"]), {.auroc = true});
  EXPECT_NEAR(m.loss, g["label_loss"].item<double>(), 1e-5);
  EXPECT_NEAR(m.auroc.value_or(-1), g["label_auroc"].item<double>(), 1e-9)
      << "the label that no image has does not count";
  EXPECT_NEAR(m.macro_f1, g["label_macro_f1"].item<double>(), 1e-9)
      << "a label that nobody has and that is not predicted is left out";
  EXPECT_NEAR(m.mean_average_precision, g["label_map"].item<double>(), 1e-9);
  EXPECT_FALSE(m.accuracy);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(m.precision[c], at(g["label_precision"], c), 1e-9);
    EXPECT_NEAR(m.recall[c], at(g["label_recall"], c), 1e-9);
    EXPECT_NEAR(m.f1[c], at(g["label_f1"], c), 1e-9);
    EXPECT_NEAR(m.average_precision[c], at(g["label_areas"], c), 1e-9);
  }
  EXPECT_EQ(m.average_precision[3], 0);
}

TEST(MultiLabelMetrics, AveragePrecisionByHand) {
  // Ranked: hit, miss, hit and miss at one logit. 1/2 · 1/1 + 1/2 · 2/4.
  const auto logits = torch::tensor({3.0F, 1.0F, 2.0F, 1.0F}).unsqueeze(1);
  const auto targets = torch::tensor({1.0F, 1.0F, 0.0F, 0.0F}).unsqueeze(1);
  EXPECT_NEAR(
      multi_label_metrics(kLabelObjective, logits, whole_truth(targets), {}).mean_average_precision,
      0.75, 1e-9);
}

TEST(MultiLabelMetrics, OneLabelPerImageHasAnAccuracy) {
  const auto logits = torch::tensor({2.0F, 1.0F, -3.0F, -2.0F, 1.0F, 5.0F}).reshape({3, 2});
  Truth truth = whole_truth(torch::tensor({1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F}).reshape({3, 2}));
  EXPECT_NEAR(multi_label_metrics(kLabelObjective, logits, truth, {}).accuracy.value_or(-1),
              2.0 / 3, 1e-9);
  truth.labels[2] = -1;
  EXPECT_EQ(multi_label_metrics(kLabelObjective, logits, truth, {}).accuracy.value_or(-1), 1.0);
}

TEST(MultiLabelMetrics, LabelsArePredictedFromTheirThresholdsOn) {
  const auto logits =
      torch::tensor({{0.25, 0.75}, {0.125, 0.5}, {0.0625, 0.875}}).logit().to(torch::kFloat32);
  const Truth truth = whole_truth(torch::tensor({{1.0F, 0.0F}, {1.0F, 0.0F}, {0.0F, 1.0F}}));
  const auto plain = multi_label_metrics(kLabelObjective, logits, truth, {});
  EXPECT_EQ(plain.f1, (std::vector<double>{0, 0.5})) << "one half itself is predicted";
  EXPECT_EQ(plain.threshold, (std::vector<double>{0.5, 0.5}));
  Objective chosen = kLabelObjective;
  chosen.label_thresholds = {0.09375, 0.8125};
  const auto m = multi_label_metrics(chosen, logits, truth, {});
  EXPECT_EQ(m.f1, (std::vector<double>{1, 1}));
  EXPECT_EQ(m.macro_f1, 1);
  EXPECT_EQ(m.threshold, (std::vector<double>{0.09375, 0.8125}));
  EXPECT_EQ(m.mean_average_precision, plain.mean_average_precision);
}

TEST(RegressionMetrics, EqualAnIndependentComputation) {
  auto g = golden("targets.pt");
  const Truth truth = whole_truth(g["numbers"]);
  const auto m = regression_metrics({LossKind::kMeanSquaredError}, g["number_values"], truth);
  ASSERT_EQ(m.columns.size(), 3U);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(m.columns[k].r2, at(g["number_r2"], k), 1e-6);
    EXPECT_NEAR(m.columns[k].mae / at(g["number_mae"], k), 1, 1e-5);
    EXPECT_NEAR(m.columns[k].rmse / at(g["number_rmse"], k), 1, 1e-5);
  }
  EXPECT_NEAR(m.mean.r2, g["number_r2"].mean().item<double>(), 1e-6);
  EXPECT_NEAR(m.loss / g["number_mse"].item<double>(), 1, 1e-5);
}

TEST(RegressionMetrics, ConstantTargetsAndRowsThatDoNotCount) {
  const Objective objective{LossKind::kMeanAbsoluteError};
  const auto values = torch::tensor({2.0F, 2.0F, 9.0F}).unsqueeze(1);
  Truth truth = whole_truth(torch::tensor({2.0F, 2.0F, 0.0F}).unsqueeze(1));
  EXPECT_NEAR(regression_metrics(objective, values, truth).loss, 3.0, 1e-6);
  truth.labels[2] = -1;
  const auto hit = regression_metrics(objective, values, truth);
  EXPECT_EQ(hit.images, 2);
  EXPECT_EQ(hit.mean.r2, 1.0);
  EXPECT_EQ(hit.loss, 0.0);
  EXPECT_EQ(regression_metrics(objective, values + 1, truth).mean.r2, 0.0);
}

TEST(EstimatedScore, IsTheMetricWithAStandardError) {
  auto g = golden("targets.pt");
  const auto fit =
      estimate_score({LossKind::kMeanSquaredError}, g["number_values"], whole_truth(g["numbers"]));
  EXPECT_NEAR(fit.value, g["number_r2"].mean().item<double>(), 1e-6);
  EXPECT_GT(fit.standard_error, 0.0);
  const auto logits =
      torch::tensor({1.0F, 0.0F, 1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F}).reshape({4, 2});
  const auto accuracy = estimate_score({}, logits, {torch::tensor({0, 0, 1, 1}, torch::kInt64)});
  EXPECT_NEAR(accuracy.value, 0.75, 1e-9);
  EXPECT_NEAR(accuracy.standard_error, std::sqrt((5.0 / 8) * (3.0 / 8) / 8), 1e-9)
      << "as if five of eight were right";
}

}  // namespace
}  // namespace transfer
