#include "app/training/train_score.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace transfer {
namespace {

/// The score from the sums of two batches.
std::optional<Score> score_in_batches(const Loss& loss, const torch::Tensor& outputs,
                                      const Truth& truth) {
  const std::int64_t half = outputs.size(0) / 2;
  const std::int64_t rest = outputs.size(0) - half;
  const auto sums = score_sums(loss, outputs.narrow(0, 0, half), truth.narrow(0, half)) +
                    score_sums(loss, outputs.narrow(0, half, rest), truth.narrow(half, rest));
  EXPECT_EQ(sums.numel(), count_score_sums(loss.objective, outputs.size(1)));
  const auto* const first = sums.const_data_ptr<double>();
  return score_of_sums(loss.objective, {first, first + sums.numel()});
}

TEST(TrainScore, OfClassesIsTheAccuracyOfTheRowsThatCount) {
  const auto logits = torch::tensor({{3.0, 1.0}, {0.0, 1.0}, {2.0, 1.0}, {0.0, 9.0}, {5.0, 1.0}});
  const Truth truth{torch::tensor({0, 0, 0, 1, -1})};
  const auto score = score_in_batches({}, logits, truth);
  ASSERT_TRUE(score);
  EXPECT_EQ(score->name, kAccuracy);
  EXPECT_DOUBLE_EQ(score->value, 0.75);
}

TEST(TrainScore, OfMixedImagesCountsTheShareOfThePredictedClass) {
  const auto logits = torch::tensor({{3.0, 1.0}, {0.0, 1.0}});
  const Truth truth{torch::tensor({0, 0}), torch::tensor({{0.75F, 0.25F}, {0.75F, 0.25F}})};
  EXPECT_DOUBLE_EQ(score_in_batches({}, logits, truth)->value, 0.5);
}

TEST(TrainScore, OfLabelsIsThePartThatIsRight) {
  const Loss loss{{LossKind::kBinaryCrossEntropy}};
  const auto logits = torch::tensor({{1.0, -1.0}, {1.0, 1.0}, {0.0, 1.0}});
  const Truth truth{torch::tensor({0, 0, -1}),
                    torch::tensor({{1.0F, 0.0F}, {0.0F, 1.0F}, {1.0F, 1.0F}})};
  const auto score = score_in_batches(loss, logits, truth);
  ASSERT_TRUE(score);
  EXPECT_EQ(score->name, kLabelAccuracy);
  EXPECT_DOUBLE_EQ(score->value, 0.75);
  EXPECT_EQ(training_score_name(kMeanAveragePrecision), kLabelAccuracy);
}

TEST(TrainScore, OfNumbersIsR2InTheTargetsUnits) {
  torch::manual_seed(4);
  Loss loss{{LossKind::kMeanSquaredError}};
  const auto targets = 1000 + 3 * torch::randn({9, 2});
  const Truth truth{torch::zeros({9}, torch::kInt64), targets};
  loss.target_scaling = measure_target_scaling(truth, torch::kCPU);
  const auto outputs = torch::randn({9, 2});
  const auto expected =
      regression_metrics(loss.objective, loss.target_scaling.in_units(outputs), truth).mean.r2;
  const auto score = score_in_batches(loss, outputs, truth);
  ASSERT_TRUE(score);
  EXPECT_EQ(score->name, kR2);
  EXPECT_NEAR(score->value, expected, 1e-5);
}

TEST(TrainScore, IsUnknownWithoutARow) {
  EXPECT_FALSE(score_of_sums({}, {}));
  EXPECT_FALSE(score_in_batches({}, torch::zeros({2, 2}), {torch::tensor({-1, -1})}));
}

}  // namespace
}  // namespace transfer
