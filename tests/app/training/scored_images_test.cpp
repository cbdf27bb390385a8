#include "app/training/scored_images.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <map>

#include "app/training/metrics.h"
#include "app/training/operating_curves.h"
#include "app/training/reliability.h"

namespace transfer {
namespace {

/// The value of each score where image i counts counts[i] times.
std::map<std::string, double> scores_of(const ScoredImages& images,
                                        const std::vector<std::int32_t>& counts) {
  std::map<std::string, double> values;
  for (const NamedScore& score : counted_scores(images)) values[score.key] = score.value(counts);
  return values;
}

/// A set of images of which each occurs counts[i] times.
template <typename Select>
torch::Tensor repeated(const torch::Tensor& rows, const Select& counts) {
  return rows.repeat_interleave(
      torch::tensor(std::vector<std::int64_t>(counts.begin(), counts.end())), 0);
}

const std::vector<std::int32_t> kCounts = {1, 0, 2, 1, 3, 0, 1, 1, 2, 1};

class CountedScores : public testing::Test {
 protected:
  void SetUp() override { torch::manual_seed(0); }
};

TEST_F(CountedScores, OfClassesAreTheMetricsOfRepeatedImages) {
  const torch::Tensor logits = torch::randn({10, 3});
  const torch::Tensor labels = torch::tensor({0, 1, 2, 0, 1, 2, 0, 1, 2, 1}, torch::kInt64);
  for (const auto& counts : {std::vector<std::int32_t>(10, 1), kCounts}) {
    const auto values = scores_of(scored_images(logits, {labels}, Objective{}), counts);
    const auto expected =
        classification_metrics(repeated(logits, counts), repeated(labels, counts), {.auroc = true});
    EXPECT_NEAR(values.at("accuracy"), expected.accuracy, 1e-12);
    EXPECT_NEAR(values.at("macro_f1"), expected.macro_f1, 1e-12);
    EXPECT_NEAR(values.at("auroc"), *expected.auroc, 1e-6);
  }
}

TEST_F(CountedScores, OfLabelsAreTheMetricsOfRepeatedImages) {
  const torch::Tensor logits = torch::randn({10, 3});
  const torch::Tensor targets = torch::randn({10, 3}).gt(0).to(torch::kFloat32);
  const torch::Tensor labels = torch::zeros({10}, torch::kInt64);
  Objective objective{LossKind::kBinaryCrossEntropy};
  objective.label_thresholds = {0.5, 0.25, 0.75};
  for (const auto& counts : {std::vector<std::int32_t>(10, 1), kCounts}) {
    const auto values = scores_of(scored_images(logits, {labels, targets}, objective), counts);
    const auto expected =
        multi_label_metrics(objective, repeated(logits, counts),
                            {repeated(labels, counts), repeated(targets, counts)}, {.auroc = true});
    EXPECT_NEAR(values.at("mean_average_precision"), expected.mean_average_precision, 1e-6);
    EXPECT_NEAR(values.at("macro_f1"), expected.macro_f1, 1e-12);
    EXPECT_NEAR(values.at("auroc"), *expected.auroc, 1e-6);
  }
}

TEST_F(CountedScores, OfNumbersAreTheMetricsOfRepeatedImages) {
  const torch::Tensor values = torch::randn({10, 2}) + 1000;
  const torch::Tensor targets = values + 0.5 * torch::randn({10, 2});
  const torch::Tensor labels = torch::zeros({10}, torch::kInt64);
  const Objective objective{LossKind::kMeanSquaredError};
  for (const auto& counts : {std::vector<std::int32_t>(10, 1), kCounts}) {
    const auto scores = scores_of(scored_images(values, {labels, targets}, objective), counts);
    const auto expected = regression_metrics(objective, repeated(values, counts),
                                             {repeated(labels, counts), repeated(targets, counts)});
    EXPECT_NEAR(scores.at("r2"), expected.mean.r2, 1e-4);
    EXPECT_NEAR(scores.at("mae"), expected.mean.mae, 1e-4);
    EXPECT_NEAR(scores.at("rmse"), expected.mean.rmse, 1e-4);
  }
}

TEST_F(CountedScores, LeaveOutBrokenImagesAndWhatIsNotDefined) {
  const torch::Tensor logits = torch::tensor({{2.0F, 0.0F}, {9.0F, 9.0F}, {3.0F, 1.0F}});
  const Truth truth{torch::tensor({0, -1, 0}, torch::kInt64)};
  const ScoredImages images = scored_images(logits, truth, Objective{});
  EXPECT_EQ(images.images(), 2);
  const auto values = scores_of(images, {1, 1});
  EXPECT_EQ(values.at("accuracy"), 1);
  EXPECT_TRUE(std::isnan(values.at("auroc"))) << "all images are of one class";
}

TEST(AffordableResamples, ShrinkWithTheImages) {
  const auto of = [](std::int64_t images, std::int64_t columns) {
    return affordable_resamples({TargetKind::kClass, torch::zeros({images, columns}), {}});
  };
  EXPECT_EQ(of(153, 2), kResamples);
  EXPECT_EQ(of(10000, 50), 200);
  EXPECT_EQ(of(50000, 1000), 0);
}

TEST(Reliability, BinsByConfidence) {
  const torch::Tensor probabilities =
      torch::tensor({{0.95F, 0.05F}, {0.97F, 0.03F}, {0.4F, 0.6F}, {0.0F, 1.0F}});
  const Truth truth{torch::tensor({0, 1, 1, 1}, torch::kInt64)};
  const auto bins = reliability_bins({TargetKind::kClass, probabilities, truth});
  ASSERT_EQ(bins.size(), 15U);
  EXPECT_EQ(bins.back().count, 3) << "1.0 belongs to the last";
  EXPECT_NEAR(bins.back().confidence, (0.95 + 0.97 + 1) / 3, 1e-6);
  EXPECT_NEAR(bins.back().accuracy, 2.0 / 3, 1e-6);
  EXPECT_EQ(bins[9].count, 1) << "0.6";
  // (3 · |0.97333 − 0.66667| + 1 · |0.6 − 1|) / 4
  EXPECT_NEAR(expected_calibration_error(bins), 0.33, 1e-6);
  EXPECT_EQ(expected_calibration_error({}), 0);
}

TEST(Reliability, OfLabelsIsThatOfEachLabel) {
  const Truth truth{torch::zeros({1}, torch::kInt64), torch::tensor({{1.0F, 0.0F}})};
  const auto bins = reliability_bins({TargetKind::kLabels, torch::tensor({{0.99F, 0.01F}}), truth});
  EXPECT_EQ(bins.front().count, 1);
  EXPECT_EQ(bins.front().accuracy, 0);
  EXPECT_EQ(bins.back().accuracy, 1);
}

TEST(OperatingPoints, AreThoseOfScikitLearn) {
  // roc_curve and precision_recall_curve of y = [1, 0, 1, 0, 1], s = [0.9, 0.8, 0.8, 0.3, 0.1]
  const auto points =
      operating_points(torch::tensor({0.9F, 0.8F, 0.8F, 0.3F, 0.1F}),
                       torch::tensor(std::vector<std::int64_t>{1, 0, 1, 0, 1}).to(torch::kBool));
  ASSERT_EQ(points.size(), 4U);
  EXPECT_NEAR(points[1].threshold, 0.8, 1e-6);
  EXPECT_NEAR(points[1].recall, 2.0 / 3, 1e-12);
  EXPECT_NEAR(points[1].false_positive_rate, 0.5, 1e-12);
  EXPECT_NEAR(points[1].precision, 2.0 / 3, 1e-12);
  EXPECT_EQ(points[3].recall, 1);
  EXPECT_EQ(points[3].false_positive_rate, 1);
}

TEST(OperatingPoints, AreThinnedWithBothEnds) {
  const torch::Tensor scores = torch::arange(1000).to(torch::kFloat32);
  const torch::Tensor positive = torch::arange(1000).remainder(2).to(torch::kBool);
  const auto points = operating_points(scores, positive, 50);
  ASSERT_EQ(points.size(), 50U);
  EXPECT_EQ(points.front().threshold, 999);
  EXPECT_EQ(points.back().threshold, 0);
  EXPECT_TRUE(operating_points(scores, torch::zeros({1000}, torch::kBool)).empty());
}

}  // namespace
}  // namespace transfer
