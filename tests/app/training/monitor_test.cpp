#include "app/training/monitor.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "core/errors.h"

namespace transfer {
namespace {

ClassificationMetrics classes(double loss, double accuracy, double macro_f1) {
  ClassificationMetrics metrics;
  metrics.loss = loss;
  metrics.accuracy = accuracy;
  metrics.macro_f1 = macro_f1;
  return metrics;
}

TEST(Monitor, ALowerValueIsAlwaysBetter) {
  const Metrics good = classes(0.5, 0.9, 0.8);
  const Metrics bad = classes(0.4, 0.7, 0.6);
  EXPECT_GT(monitored_value(good, Monitor::kLoss), monitored_value(bad, Monitor::kLoss));
  for (const Monitor monitor : {Monitor::kClassAccuracy, Monitor::kMacroF1}) {
    EXPECT_LT(monitored_value(good, monitor), monitored_value(bad, monitor)) << name_of(monitor);
  }
  RegressionMetrics numbers;
  numbers.mean = {.r2 = 0.75, .mae = 2, .rmse = 3};
  EXPECT_EQ(monitored_value(numbers, Monitor::kRSquared), -0.75);
  EXPECT_EQ(monitored_value(numbers, Monitor::kMae), 2);
  EXPECT_EQ(monitored_value(numbers, Monitor::kRmse), 3);
  MultiLabelMetrics labels;
  labels.auroc = 0.9;
  EXPECT_EQ(monitored_value(labels, Monitor::kAuroc), -0.9);
}

TEST(Monitor, AnAreaUnderTheCurveNeedsTwoClassesInTheValidationImages) {
  const Truth both{.labels = torch::tensor({0, 1, 1}, torch::kInt64)};
  EXPECT_NO_THROW(require_monitored_on(both, 3, Objective{}, Monitor::kAuroc));
  const Truth one{.labels = torch::tensor({1, 1, 1}, torch::kInt64)};
  EXPECT_NO_THROW(require_monitored_on(one, 3, Objective{}, Monitor::kMacroF1));
  try {
    require_monitored_on(one, 3, Objective{}, Monitor::kAuroc);
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(),
                 "train.monitor: 'auroc' needs validation images with and without a class; all 3 "
                 "validation images have the same. Add images of another class to the validation "
                 "split, or monitor loss.");
  }
}

std::string refusal(const Truth& val, std::int64_t outputs, LossKind loss, Monitor monitor) {
  try {
    require_monitored_on(val, outputs, Objective{.loss = loss}, monitor);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

Truth with_targets(const torch::Tensor& targets) {
  return {.labels = torch::zeros({targets.size(0)}, torch::kInt64), .targets = targets};
}

TEST(Monitor, NumbersThatAreTheSameForAllModelsAreRefused) {
  const Truth equal = with_targets(torch::tensor({{2.5F, 7.0F}, {2.5F, 7.0F}}));
  const Truth one_differs = with_targets(torch::tensor({{2.5F, 7.0F}, {2.5F, 8.0F}}));
  EXPECT_EQ(refusal(equal, 2, LossKind::kMeanSquaredError, Monitor::kRSquared),
            "train.monitor: 'r2' needs validation images of different numbers; all 2 validation "
            "images have the same. Add images of other numbers to the validation split, or monitor "
            "loss.");
  EXPECT_EQ(refusal(one_differs, 2, LossKind::kMeanSquaredError, Monitor::kRSquared), "");
  EXPECT_EQ(refusal(equal, 2, LossKind::kMeanSquaredError, Monitor::kMae), "");
  const Truth labels = with_targets(torch::tensor({{1.0F, 0.0F}, {1.0F, 0.0F}}));
  const auto loss = LossKind::kBinaryCrossEntropy;
  EXPECT_NE(refusal(labels, 2, loss, Monitor::kMeanPrecision).find("without a label"),
            std::string::npos);
  EXPECT_EQ(refusal(labels, 2, loss, Monitor::kMacroF1), "");
  const Truth both = with_targets(torch::tensor({{1.0F, 0.0F}, {1.0F, 1.0F}}));
  EXPECT_EQ(refusal(both, 2, loss, Monitor::kMeanPrecision), "");
}

TEST(Monitor, OnlyWhatNoEpochReportsAnywayIsAFurtherNumber) {
  ClassificationMetrics metrics = classes(0.5, 0.9, 0.8);
  metrics.auroc = 0.9312;
  for (const Monitor known : {Monitor::kLoss, Monitor::kClassAccuracy}) {
    EXPECT_FALSE(further_number(metrics, known)) << name_of(known);
  }
  EXPECT_EQ(further_number(metrics, Monitor::kMacroF1).value().value, 0.8);
  EXPECT_EQ(further_number(metrics, Monitor::kAuroc).value().text(), "AUROC 0.9312");
  RegressionMetrics numbers;
  numbers.mean = {.r2 = 0.75, .mae = 2, .rmse = 3e7};
  EXPECT_FALSE(further_number(numbers, Monitor::kRSquared));
  EXPECT_EQ(further_number(numbers, Monitor::kMae).value().text(), "MAE 2.0000");
  EXPECT_EQ(further_number(numbers, Monitor::kRmse).value().text(), "RMSE 3.000e+07");
  EXPECT_FALSE(further_number(MultiLabelMetrics{}, Monitor::kMeanPrecision));
}

TEST(Monitor, ALossThatIsNoNumberIsWorseThanAnyEpoch) {
  const Metrics metrics = classes(std::nan(""), 0.9, 0.8);
  EXPECT_EQ(monitored_value(metrics, Monitor::kClassAccuracy),
            std::numeric_limits<double>::infinity());
}

TEST(Monitor, WhatTheLossDoesNotHaveIsRefusedWithWhatItHas) {
  EXPECT_NO_THROW(require_monitored(Objective{}, Monitor::kMacroF1));
  try {
    require_monitored(Objective{}, Monitor::kMae);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "train.monitor: found 'mae', which models of this loss do not have. Expected one "
                 "of loss, accuracy, macro_f1, auroc.");
  }
}

}  // namespace
}  // namespace transfer
