#include "app/report/prediction_table.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>

namespace transfer {
namespace {

Objective objective_with(LossKind loss) {
  Objective objective;
  objective.loss = loss;
  return objective;
}

float logit(double probability) {
  return static_cast<float>(std::log(probability / (1 - probability)));
}

TEST(PredictionTable, SaysOfEachImageWhetherItsClassIsRight) {
  const std::vector<Sample> samples = {{"a.png", 1}, {"broken.png", 0}, {"b,c.png", 0}};
  Truth truth{torch::tensor({1, -1, 0}, torch::kInt64)};
  const auto outputs = torch::tensor({{0.25, 0.75}, {0.5, 0.5}, {0.125, 0.875}}).log();
  EXPECT_EQ(prediction_table({}, samples, truth, outputs, {"cat", "dog, small"}),
            "path,true,predicted,correct,confidence,p:cat,\"p:dog, small\"\n"
            "a.png,\"dog, small\",\"dog, small\",1,0.750000,0.250000,0.750000\n"
            "\"b,c.png\",cat,\"dog, small\",0,0.875000,0.125000,0.875000\n");
}

TEST(PredictionTable, LabelsAreRightWhereAllOfThemAre) {
  const std::vector<Sample> samples = {{"a.png", 0, {1, 1}}, {"b.png", 0, {0, 1}}};
  Truth truth{torch::zeros({2}, torch::kInt64)};
  const auto outputs = torch::tensor({{logit(0.75), logit(0.5)}, {logit(0.75), logit(0.125)}});
  EXPECT_EQ(prediction_table(objective_with(LossKind::kBinaryCrossEntropy), samples, truth, outputs,
                             {"x", "y"}),
            "path,true,predicted,correct,confidence,p:x,p:y\n"
            "a.png,x|y,x|y,1,0.375000,0.750000,0.500000\n"
            "b.png,y,x,0,0.656250,0.750000,0.125000\n");
}

TEST(PredictionTable, LabelsArePredictedFromTheirThresholdsOn) {
  const std::vector<Sample> samples = {{"a.png", 0, {1, 0}}};
  Truth truth{torch::zeros({1}, torch::kInt64)};
  Objective objective = objective_with(LossKind::kBinaryCrossEntropy);
  objective.label_thresholds = {0.25, 0.8};
  const auto outputs = torch::tensor({{logit(0.375), logit(0.75)}});
  EXPECT_EQ(prediction_table(objective, samples, truth, outputs, {"x", "y"}),
            "path,true,predicted,correct,confidence,p:x,p:y\n"
            "a.png,x,x,1,0.093750,0.375000,0.750000\n");
}

TEST(PredictionTable, NumbersHaveErrors) {
  const std::vector<Sample> samples = {{"a.png", 0, {1.5F, -2}}};
  Truth truth{torch::zeros({1}, torch::kInt64)};
  EXPECT_EQ(prediction_table(objective_with(LossKind::kMeanSquaredError), samples, truth,
                             torch::tensor({{2.0, -2.25}}), {"w", "h"}),
            "path,true:w,true:h,predicted:w,predicted:h,error:w,error:h\n"
            "a.png,1.5,-2,2,-2.25,0.5,-0.25\n");
}

}  // namespace
}  // namespace transfer
