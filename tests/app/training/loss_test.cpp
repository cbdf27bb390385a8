#include "app/training/loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/training/metrics.h"
#include "tests/app/whole_truth.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using Golden = std::map<std::string, torch::Tensor>;

Golden golden(const std::string& name) { return read_tensors(path_in("TRANSFER_GOLDEN", name)); }

/// Rows that all count.
/// Mean loss and gradients of a linear head against the golden ones of that name.
void expect_equal(const Loss& loss, const Truth& truth, const Golden& g, const std::string& name) {
  const auto weight = g.at("weight").clone().requires_grad_(true);
  const auto bias = g.at("bias").clone().requires_grad_(true);
  const auto sums = loss.sums(torch::linear(g.at("features"), weight, bias), truth);
  const auto value = sums.objective / loss.weight(truth);
  value.backward();
  EXPECT_NEAR(value.item<double>(), g.at(name + "_loss").item<double>(), 1e-5) << name;
  EXPECT_NEAR(sums.in_units.item<double>() / loss.weight(truth), value.item<double>(), 1e-5);
  EXPECT_LT(largest_difference(weight.grad(), g.at(name + "_grad_weight")), 1e-5) << name;
  EXPECT_LT(largest_difference(bias.grad(), g.at(name + "_grad_bias")), 1e-5) << name;
}

TEST(Loss, CrossEntropyEqualsPython) {
  const auto g = golden("head.pt");
  const Truth truth{g.at("labels")};
  expect_equal({}, truth, g, "plain");
  expect_equal({{}, 0.1}, truth, g, "smoothed");
  expect_equal({{}, 0.1, g.at("class_weights")}, truth, g, "weighted_smoothed");
}

/// The logit-adjusted loss that a configuration with `tau` asks for.
Loss logit_adjusted(const Truth& train, std::int64_t classes, double tau) {
  Config config;
  config.head.loss = LossKind::kLogitAdjusted;
  config.head.logit_adjustment = tau;
  return training_loss(config, train, classes, torch::kCPU);
}

TEST(Loss, FocalAndLogitAdjustedEqualPython) {
  const auto g = golden("head.pt");
  const Truth truth{g.at("labels")};
  expect_equal({{LossKind::kFocal}}, truth, g, "focal");
  Loss weighted{{LossKind::kFocal}, 0, g.at("class_weights")};
  weighted.objective.focal_gamma = 0.5;
  expect_equal(weighted, truth, g, "focal_0.5_weighted");
  expect_equal(logit_adjusted(truth, 5, 1), truth, g, "logit_adjusted");
  expect_equal(logit_adjusted(truth, 5, 0.5), truth, g, "logit_adjusted_0.5");
}

TEST(Loss, FocalWithoutGammaIsCrossEntropyAlsoOfSmoothedAndMixedTargets) {
  const auto g = golden("head.pt");
  Loss focal{{LossKind::kFocal}, 0.1, g.at("class_weights")};
  focal.objective.focal_gamma = 0;
  expect_equal(focal, {g.at("labels")}, g, "weighted_smoothed");
  const auto outputs = torch::linear(g.at("features"), g.at("weight"), g.at("bias"));
  const Truth mixed{g.at("labels"), 0.7 * class_targets(g.at("labels"), 5) +
                                        0.3 * class_targets(g.at("labels").flip(0), 5)};
  EXPECT_NEAR(focal.sum(outputs, mixed).item<double>(),
              Loss({{}, 0.1, g.at("class_weights")}).sum(outputs, mixed).item<double>(), 1e-3);
}

TEST(Loss, FocalHasAFiniteSlopeWhereTheClassIsCertain) {
  Loss focal{{LossKind::kFocal}};
  for (const double gamma : {0.0, 0.5, 2.0}) {
    focal.objective.focal_gamma = gamma;
    const auto logits = torch::tensor({{200.0F, 0.0F}, {0.0F, 200.0F}}).requires_grad_(true);
    const auto sum = focal.sum(logits, {torch::tensor({0, 0})});
    sum.backward();
    EXPECT_NEAR(sum.item<double>(), 200, 1e-3);
    EXPECT_TRUE(logits.grad().isfinite().all().item<bool>()) << gamma;
  }
}

TEST(Loss, OffsetsAreOfTheTrainingImagesAndPredictionsAreWithoutThem) {
  const Truth train{torch::tensor({0, 0, 0, 1, -1, 0})};
  const Loss loss = logit_adjusted(train, 3, 2);
  // A class without images counts as if it had one: shares of 4, 1 and 1 of 6.
  const auto shares = torch::tensor({4.0F / 6, 1.0F / 6, 1.0F / 6});
  EXPECT_TRUE(torch::allclose(loss.logit_offsets, 2 * shares.log()));
  EXPECT_TRUE(torch::equal(loss.plain().logit_offsets, loss.logit_offsets));
  EXPECT_FALSE(Loss().plain().logit_offsets.defined());
  const auto outputs = torch::zeros({1, 3});
  EXPECT_NEAR(classification_metrics(outputs, torch::tensor({2}), {}).loss, std::log(3.0), 1e-5)
      << "what is measured knows no offsets";
  EXPECT_GT(loss.sum(outputs, {torch::tensor({2})}).item<double>(), std::log(3.0));
}

TEST(Loss, LossesOfLabelsAndNumbersEqualPython) {
  const auto g = golden("targets.pt");
  const Truth numbers = whole_truth(g.at("small_numbers"));
  expect_equal({{LossKind::kMeanSquaredError}}, numbers, g, "mse");
  expect_equal({{LossKind::kMeanAbsoluteError}}, numbers, g, "mae");
  expect_equal({{LossKind::kHuber}}, numbers, g, "huber");
  expect_equal({{LossKind::kHuber, 0.3}}, numbers, g, "huber_0.3");
  expect_equal({{LossKind::kBinaryCrossEntropy}}, whole_truth(g.at("labels")), g,
               "binary_cross_entropy");
}

TEST(Loss, BinaryCrossEntropyIsSummedOverTheOutputs) {
  const auto logits = torch::tensor({0.8, 0.7, 0.1}).logit().to(torch::kFloat32).unsqueeze(0);
  const Loss loss{{LossKind::kBinaryCrossEntropy}};
  const auto mean = [&](const torch::Tensor& targets) {
    const Truth truth = whole_truth(targets.unsqueeze(0));
    return loss.sum(logits, truth).item<double>() / loss.weight(truth);
  };
  EXPECT_NEAR(mean(torch::tensor({1.0F, 1.0F, 0.0F})), 0.69, 0.005);
  EXPECT_NEAR(mean(torch::tensor({0.0F, 0.0F, 1.0F})), 5.12, 0.005);
}

TEST(Loss, RowsOfBrokenImagesDoNotCount) {
  const auto expect_left_out = [](const Loss& loss, const torch::Tensor& outputs, Truth truth) {
    truth.labels = truth.labels.clone();
    truth.labels.slice(0, 10, 20).fill_(-1);
    const auto kept = truth.counted();
    const Truth some = truth.select(kept);
    EXPECT_EQ(some.rows(), truth.rows() - 10);
    EXPECT_NEAR(loss.sum(outputs, truth).item<double>() / loss.weight(truth),
                loss.sum(outputs.index_select(0, kept), some).item<double>() / loss.weight(some),
                1e-5);
  };
  auto g = golden("head.pt");
  auto outputs = torch::linear(g["features"], g["weight"], g["bias"]);
  expect_left_out({{}, 0.1, g["class_weights"]}, outputs, {g["labels"]});
  expect_left_out({{LossKind::kFocal}, 0.1, g["class_weights"]}, outputs, {g["labels"]});
  expect_left_out(logit_adjusted({g["labels"]}, 5, 1), outputs, {g["labels"]});
  g = golden("targets.pt");
  outputs = torch::linear(g["features"], g["weight"], g["bias"]);
  expect_left_out({{LossKind::kBinaryCrossEntropy}}, outputs, whole_truth(g["labels"]));
  expect_left_out({{LossKind::kHuber}}, outputs, whole_truth(g["small_numbers"]));
}

TEST(Loss, ScaledTargetsWeighEveryColumnAlikeAndAreReportedInUnits) {
  const auto targets = torch::tensor({1.0F, 100.0F, 3.0F, 500.0F}).reshape({2, 2});
  const Truth truth = whole_truth(targets);
  const auto scaling = measure_target_scaling(truth, torch::kCPU);
  EXPECT_TRUE(torch::allclose(scaling.mean, torch::tensor({2.0F, 300.0F})));
  EXPECT_TRUE(torch::allclose(scaling.standard_deviation, torch::tensor({1.0F, 200.0F})));
  const auto zeros = torch::zeros({2, 2});  // the means, in units
  for (const auto& [kind, objective, in_units] :
       {std::tuple{LossKind::kMeanSquaredError, 1.0, (1.0 + 40000.0) / 2},
        std::tuple{LossKind::kMeanAbsoluteError, 1.0, (1.0 + 200.0) / 2},
        // Huber with delta 1: e²/2 up to 1, |e| − 1/2 beyond, over 1 · 1 and 200 · 1.
        std::tuple{LossKind::kHuber, (0.5 + 199.5 / 200) / 2, (0.5 + 199.5) / 2}}) {
    const Loss loss{{kind}, 0, {}, scaling};
    const auto sums = loss.sums(zeros, truth);
    EXPECT_NEAR(sums.objective.item<double>() / 2, objective, 1e-5);
    EXPECT_NEAR(sums.in_units.item<double>() / 2, in_units, 1e-2);
  }
}

TEST(Loss, FollowsADeviceWithAllItsTensors) {
  const Loss loss{{LossKind::kHuber},
                  0.1,
                  torch::ones({2}),
                  {torch::ones({2}), torch::ones({2})},
                  torch::ones({2})};
  const Loss there = loss.to(torch::kMeta);
  EXPECT_TRUE(there.class_weights.is_meta());
  EXPECT_TRUE(there.target_scaling.mean.is_meta());
  EXPECT_TRUE(there.logit_offsets.is_meta());
  EXPECT_TRUE(there.target_scaling.standard_deviation.is_meta());
  EXPECT_EQ(there.objective.loss, LossKind::kHuber);
  EXPECT_EQ(there.label_smoothing, 0.1);
  EXPECT_TRUE(loss.class_weights.is_cpu());
  EXPECT_FALSE(Loss().to(torch::kMeta).class_weights.defined());
}

TEST(TargetScaling, FoldsIntoAHeadAndBack) {
  const TargetScaling scaling{torch::tensor({5.0F, -1000.0F}), torch::tensor({0.1F, 300.0F})};
  const Head head =
      linear_head(torch::arange(6, torch::kFloat32).reshape({2, 3}), torch::tensor({0.5F, -0.5F}));
  const auto features = torch::arange(12, torch::kFloat32).reshape({4, 3}).sin();
  const Head folded = scaling.in_units(head);
  EXPECT_TRUE(torch::allclose(folded.logits(features), scaling.in_units(head.logits(features)),
                              1e-4, 1e-3));
  const Head again = scaling.scaled(folded);
  EXPECT_TRUE(torch::allclose(again.last().weight, head.last().weight, 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(again.last().bias, head.last().bias, 1e-4, 1e-4));
}

}  // namespace
}  // namespace transfer
