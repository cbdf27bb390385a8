#include "app/training/estimated_score.h"

#include <gmock/gmock.h>

#include <cmath>

namespace transfer {
namespace {

TEST(EstimatedScore, PairedDifferenceCountsOnlyWhereTheTwoDisagree) {
  const Truth truth{torch::tensor({0, 0, 1, 1}, torch::kInt64)};
  const auto logits = [](const std::vector<float>& second) {
    const auto ones = torch::tensor(second);
    return torch::stack({torch::full_like(ones, 0.5), ones}, 1);
  };
  // Right on images 1, 2, 3 and on image 1 alone; both fail on image 4.
  const auto better = estimate_score({}, logits({0, 0, 1, 0}), truth);
  const auto worse = estimate_score({}, logits({0, 1, 0, 0}), truth);
  EXPECT_DOUBLE_EQ(better.value, 0.75);
  const auto difference = paired_difference(better, worse);
  EXPECT_DOUBLE_EQ(difference.value, 0.5);
  EXPECT_DOUBLE_EQ(difference.standard_error, 0.5 / std::sqrt(4.0)) << "of 0, 1, 1, 0";
  EXPECT_EQ(paired_difference(better, better).standard_error, 0);
}

TEST(EstimatedScore, PartsOfRSquaredAverageToIt) {
  Objective objective;
  objective.loss = LossKind::kMeanSquaredError;
  Truth truth{torch::zeros({4}, torch::kInt64), torch::tensor({{0.0F}, {1.0F}, {2.0F}, {3.0F}})};
  const auto score =
      estimate_score(objective, torch::tensor({{0.0F}, {1.0F}, {2.0F}, {2.0F}}), truth);
  EXPECT_DOUBLE_EQ(score.value, 1 - 1.0 / 5.0);
  EXPECT_NEAR(score.parts.mean().item<double>(), score.value, 1e-12);
}

}  // namespace
}  // namespace transfer
