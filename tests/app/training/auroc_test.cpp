#include "app/training/auroc.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "app/training/metrics.h"
#include "tests/app/whole_truth.h"

namespace transfer {
namespace {

const Objective kClasses{LossKind::kCrossEntropy};
const Objective kLabels{LossKind::kBinaryCrossEntropy};

torch::Tensor rows(std::vector<float> numbers, std::int64_t columns) {
  return torch::tensor(numbers).reshape({-1, columns});
}

Truth classes(std::vector<std::int64_t> labels) { return {torch::tensor(labels)}; }

// The numbers are those of scikit-learn 1.9.1: roc_auc_score(truth, scores), of several classes
// with multi_class="ovr" and the softmax of the logits. All have tied scores.

TEST(Auroc, OfTwoClasses) {
  const std::vector<float> scores = {0.125, 0.5, 0.375, 0.5, 0.75, 0.375, 0.25, 0.75};
  const auto second = torch::tensor(scores);
  const auto logits = torch::stack({torch::zeros(8), second}, 1);
  const Truth truth = classes({0, 1, 1, 0, 1, 0, 0, 1});
  EXPECT_NEAR(auroc(kClasses, logits, truth), 0.875, 1e-12);
  EXPECT_NEAR(auroc(kClasses, logits + second.unsqueeze(1), truth), 0.875, 1e-12)
      << "the difference of the logits counts";
  EXPECT_NEAR(auroc(kClasses, 1000 * logits, truth), 0.875, 1e-12)
      << "probabilities that differ by less than a double are no ties";
  EXPECT_NEAR(auroc(kClasses, -logits, truth), 0.125, 1e-12);
  EXPECT_NEAR(auroc(kClasses, torch::zeros({8, 2}), truth), 0.5, 1e-12);
}

TEST(Auroc, OfSeveralClassesIsTheMeanOfEachAgainstTheRestByItsProbability) {
  const auto logits = rows({2, 1, 1,  2,  0,  1, 2,  -1, -2, -1, -1, 2, 2, -2, 0, 2, -2, 1,
                            -2, 0, 2, -1, -1, -1, 1, -1, 2,  0,  0,  0, 0, 0,  0, 2, 2,  1},
                           3);
  const Truth truth = classes({0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 2});
  EXPECT_NEAR(auroc(kClasses, logits, truth), 0.309457671957672, 1e-12);
}

TEST(Auroc, OfLabelsIsTheirMean) {
  const auto logits = rows({-2, -2, 2, 1,  2, -1, 1, -1, 0, -2, 1, 2,  1, -2, 0,
                            -1, 2,  2, -2, 0, 2,  2, 1,  1, -2, 1, 0, -2, -1, 0},
                           3);
  const auto targets =
      rows({1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0},
           3);
  EXPECT_NEAR(auroc(kLabels, logits, whole_truth(targets)), 0.5287698412698413, 1e-12);
}

TEST(Auroc, WhatHasNoAreaIsLeftOut) {
  const auto logits = rows({2, 0, 0, 0, 2, 0, 1, 0, 0, 0, 1, 0}, 3);
  const Truth two_of_three = classes({0, 1, 0, 1});
  EXPECT_EQ(auroc(kClasses, logits, two_of_three), 1);
  EXPECT_THAT(without_area(kClasses, two_of_three, 3), testing::ElementsAre(2));
  EXPECT_TRUE(std::isnan(auroc(kClasses, logits, classes({1, 1, 1, 1}))));
  EXPECT_THAT(without_area(kClasses, classes({1, 1, -1, 1}), 3), testing::ElementsAre(0, 1, 2));
  const Truth labels = whole_truth(rows({1, 1, 0, 0, 1, 0}, 3));
  EXPECT_THAT(without_area(kLabels, labels, 3), testing::ElementsAre(1, 2));
  EXPECT_EQ(auroc(kLabels, rows({2, 0, 0, 1, 0, 0}, 3), labels), 1);
}

TEST(Auroc, AScoreThatIsNaNLeavesNone) {
  auto logits = rows({2, 0, 0, 1}, 2);
  logits[0][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(auroc(kClasses, logits, classes({0, 1}))));
}

TEST(Auroc, IsMeasuredOfTheRowsThatCountWhereItIsAskedFor) {
  const auto logits = rows({2, 0, 0, 1, 0, 9}, 2);
  const auto with = measure(kClasses, logits, classes({0, 1, -1}), {1, /*auroc=*/true});
  EXPECT_EQ(auroc_of(with), 1);
  EXPECT_FALSE(auroc_of(measure(kClasses, logits, classes({0, 1, -1}), {1})));
}

}  // namespace
}  // namespace transfer
