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
  EXPECT_DOUBLE_EQ(difference.standard_error, std::sqrt(3 - 4.0 / 6) / 6) << "of 0, 1, 1, 0";
  EXPECT_LT(paired_difference(better, better).standard_error, difference.standard_error);
}

TEST(EstimatedScore, FewImagesLeaveDoubtAlsoWhereAllAreRight) {
  const auto labels = torch::zeros({20}, torch::kInt64);
  const auto right = torch::tensor({{1.0F, 0.0F}}).expand({20, 2}).contiguous();
  auto one_wrong = right.clone();
  one_wrong[0][1] = 2;
  const auto all = estimate_score({}, right, {labels});
  EXPECT_EQ(all.value, 1);
  EXPECT_GT(all.standard_error, 0.05);
  const auto lead = paired_difference(all, estimate_score({}, one_wrong, {labels}));
  EXPECT_GT(lead.standard_error, lead.value) << "one image more is no difference";
}

TEST(EstimatedScore, OfManyImagesTheErrorIsThatOfTheirMean) {
  const auto labels = (torch::arange(4000) % 2).to(torch::kInt64);
  const auto outputs = torch::zeros({4000, 2}).index_put_({torch::indexing::Slice(), 0}, 1.0F);
  EXPECT_NEAR(estimate_score({}, outputs, {labels}).standard_error, 0.5 / std::sqrt(4000.0), 1e-5);
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
