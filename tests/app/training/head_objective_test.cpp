#include "app/training/head_objective.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "app/training/lbfgs.h"

namespace transfer {
namespace {

constexpr std::int64_t kImages = 30;
constexpr std::int64_t kFeatures = 7;
constexpr std::int64_t kOutputs = 3;

/// Two views of images, one of which is broken.
FeatureSet two_views() {
  torch::manual_seed(5);
  FeatureSet set;
  const auto features = torch::randn({kImages, kFeatures}) * torch::arange(1, kFeatures + 1);
  for (const double noise : {0.0, 0.3}) {
    set.views.push_back(FeatureTable::in_memory(kImages, kFeatures));
    set.views.back().write(0, features + noise * torch::randn({kImages, kFeatures}));
  }
  set.labels = torch::randint(0, kOutputs, {kImages}, torch::kInt64);
  set.labels[4] = -1;
  set.samples.resize(kImages);
  return set;
}

struct Case {
  std::string name;
  FeatureSet set = two_views();
  Loss loss = {};
};

std::vector<Case> cases() {
  std::vector<Case> all(6);
  all[0].name = "classes";
  all[1].name = "label smoothing and class weights";
  all[1].loss.label_smoothing = 0.1;
  all[1].loss.class_weights = torch::tensor({1.0F, 2.0F, 0.5F});
  all[2].name = "labels";
  all[2].loss.objective.loss = LossKind::kBinaryCrossEntropy;
  all[2].set.targets = torch::randint(0, 2, {kImages, kOutputs}).to(torch::kFloat32);
  all[3].name = "numbers";
  all[3].loss.objective.loss = LossKind::kMeanSquaredError;
  all[3].set.targets = torch::randn({kImages, kOutputs});
  all[4].name = "focal";
  all[4].loss.objective.loss = LossKind::kFocal;
  all[4].loss.class_weights = torch::tensor({1.0F, 2.0F, 0.5F});
  all[5].name = "logit-adjusted";
  all[5].loss.objective.loss = LossKind::kLogitAdjusted;
  all[5].loss.logit_offsets = torch::tensor({-0.2F, -2.0F, -4.0F});
  return all;
}

/// Mean loss plus penalty of a head for scaled features, in double precision.
torch::Tensor by_definition(const Case& one, const FeatureScaling& scaling,
                            const torch::Tensor& weight, const torch::Tensor& bias, double decay) {
  Loss loss = one.loss;
  for (torch::Tensor* tensor : {&loss.class_weights, &loss.logit_offsets}) {
    if (tensor->defined()) *tensor = tensor->to(torch::kFloat64);
  }
  Truth truth = one.set.truth();
  if (truth.targets.defined()) truth.targets = truth.targets.to(torch::kFloat64);
  auto sum = torch::zeros({}, torch::kFloat64);
  for (const FeatureTable& view : one.set.views) {
    const auto features = scaling.apply(view.read(0, kImages)).to(torch::kFloat64);
    sum = sum + loss.sum(torch::linear(features, weight, bias), truth);
  }
  const double total = loss.weight(truth) * static_cast<double>(one.set.views.size());
  return sum / total + decay / 2 * weight.square().sum();
}

TEST(HeadObjective, ValueAndGradientAreThoseOfTheMeanLossAndThePenalty) {
  for (const Case& one : cases()) {
    HeadProblem problem{one.set, one.set, kOutputs, measure_scaling(one.set)};
    problem.loss = one.loss;
    problem.weight_decay = 0.3;
    const Head start = linear_head(torch::randn({kOutputs, kFeatures}), torch::randn({kOutputs}));
    HeadObjective objective(problem, start);
    const Head head = objective.head();
    EXPECT_TRUE(torch::allclose(head.last().weight, start.last().weight, 1e-4, 1e-5)) << one.name;
    const auto weight = head.last().weight.to(torch::kFloat64).requires_grad_(true);
    const auto bias = head.last().bias.to(torch::kFloat64).requires_grad_(true);
    const auto expected = by_definition(one, problem.scaling, weight, bias, 0.3);
    expected.backward();
    EXPECT_NEAR(objective.evaluate(), expected.item<double>(), 1e-5) << one.name;
    EXPECT_NEAR(objective.gradient_norm(),
                std::hypot(weight.grad().norm().item<double>(), bias.grad().norm().item<double>()),
                1e-4)
        << one.name;
    // A small step along the coordinates changes the value as their gradient says.
    const auto coordinates = objective.coordinates();
    const double value = objective.evaluate();
    const auto step = torch::randn_like(coordinates[0]) * 1e-3;
    const double slope = (coordinates[0].grad() * step).sum().item<double>();
    {
      const torch::NoGradGuard no_gradients;
      coordinates[0].add_(step);
    }
    EXPECT_NEAR(objective.evaluate() - value, slope, 2e-5) << one.name;
  }
}

TEST(HeadObjective, NewUnitsChangeNeitherTheHeadNorTheValue) {
  const Case one = cases().front();
  HeadProblem problem{one.set, one.set, kOutputs, measure_scaling(one.set)};
  HeadObjective objective(
      problem, linear_head(torch::randn({kOutputs, kFeatures}), torch::randn({kOutputs})));
  const Head before = objective.head();
  const double value = objective.evaluate();
  Lbfgs optimizer(objective.coordinates());
  for (int i = 0; i < 3; ++i) optimizer.step([&] { return objective.evaluate(); });
  EXPECT_LT(objective.evaluate(), value);
  const Head moved = objective.head();
  EXPECT_FALSE(torch::allclose(before.last().weight, moved.last().weight));
  const double there = objective.evaluate();
  objective.choose_units();
  EXPECT_TRUE(torch::allclose(objective.head().last().weight, moved.last().weight, 1e-4, 1e-5));
  EXPECT_NEAR(objective.evaluate(), there, 1e-6);
}

TEST(Lbfgs, EvaluatesAboutOnceAnIterationAndSeesItsEnd) {
  const auto x = torch::tensor({5.0F, -3.0F}).requires_grad_(true);
  int evaluations = 0;
  const auto objective = [&] {
    ++evaluations;
    const torch::NoGradGuard no_gradients;
    x.mutable_grad() = 2 * x + x.pow(3);
    return (x.square().sum() + x.pow(4).sum() / 4).item<double>();
  };
  Lbfgs optimizer({x});
  int iterations = 0;
  while (!optimizer.step(objective)) ASSERT_LT(++iterations, 50);
  EXPECT_LT(x.abs().max().item<double>(), 1e-3);
  EXPECT_LE(evaluations, 2 * (iterations + 2));
}

}  // namespace
}  // namespace transfer
