#include "app/training/optimizers.h"

#include <gmock/gmock.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <cmath>
#include <limits>

#include "app/training/gradients.h"
#include "core/errors.h"

namespace transfer {
namespace {

using testing::ElementsAre;

torch::Tensor parameter(at::IntArrayRef shape, double value, double gradient) {
  auto tensor = torch::full(shape, value, torch::kFloat32).requires_grad_(true);
  tensor.mutable_grad() = torch::full(shape, gradient, torch::kFloat32);
  return tensor;
}

double first_element(const torch::Tensor& tensor) { return tensor.flatten()[0].item<double>(); }

std::vector<NamedParameter> small_network() {
  return {{"trunk.conv1.weight", torch::ones({4, 2})},
          {"trunk.bn1.weight", torch::ones({4})},
          {"trunk.layer1.conv.weight", torch::ones({4, 2})},
          {"trunk.layer1.conv.bias", torch::ones({4})},
          {"trunk.layer10.conv.weight", torch::ones({4, 2})},
          {"trunk.layer10.bias", torch::ones({4, 2})},
          {"trunk.last_norm.weight", torch::ones({4})},
          {"head.weight", torch::ones({3, 4})},
          {"head.bias", torch::ones({3})}};
}

const std::vector<std::string> kStages = {"trunk.layer1", "trunk.layer10"};

TEST(ParameterGroups, HeadFirstThenStagesTowardsTheInput) {
  TrainConfig config;
  config.lr_decay = 0.5;
  config.head_lr_multiple = 10;
  config.weight_decay = 0.01;
  const auto groups = parameter_groups(small_network(), kStages, "head", config, 0.2);
  ASSERT_EQ(groups.size(), 6U);
  const auto expect = [&](std::size_t i, const std::string& stage, std::int64_t index,
                          double multiple, double decay, const std::vector<std::string>& names) {
    EXPECT_EQ(groups[i].stage, stage) << i;
    EXPECT_EQ(groups[i].stage_index, index) << i;
    EXPECT_DOUBLE_EQ(groups[i].lr_multiple, multiple) << i;
    EXPECT_DOUBLE_EQ(groups[i].weight_decay, decay) << i;
    EXPECT_EQ(groups[i].names, names) << i;
    EXPECT_EQ(groups[i].parameters.size(), names.size()) << i;
  };
  expect(0, "head", 2, 10, 0.2, {"head.weight"});
  expect(1, "head", 2, 10, 0, {"head.bias"});
  expect(2, "trunk.layer10", 1, 0.5, 0.01, {"trunk.layer10.conv.weight"});
  expect(3, "trunk.layer10", 1, 0.5, 0, {"trunk.layer10.bias", "trunk.last_norm.weight"});
  expect(4, "trunk.layer1", 0, 0.25, 0.01, {"trunk.conv1.weight", "trunk.layer1.conv.weight"});
  expect(5, "trunk.layer1", 0, 0.25, 0, {"trunk.bn1.weight", "trunk.layer1.conv.bias"});
}

TEST(ParameterGroups, FrozenStagesAreLeftOut) {
  TrainConfig config;
  config.freeze_stages = 1;
  config.lr_decay = 0.5;
  const auto groups = parameter_groups(small_network(), kStages, "head", config, 0);
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups.back().stage, "trunk.layer10");
  EXPECT_EQ(groups.back().lr_multiple, 0.5) << "the distance from the head stays";
  config.freeze_stages = 5;
  EXPECT_EQ(parameter_groups(small_network(), kStages, "head", config, 0).size(), 2U);
}

TEST(ParameterGroups, InnermostStageWinsAndSharedTensorsCountOnce) {
  const auto shared = torch::ones({2, 2});
  const std::vector<NamedParameter> parameters = {
      {"a.0.weight", shared}, {"a.1.weight", torch::ones({2, 2})}, {"a.2.weight", shared}};
  const auto groups = parameter_groups(parameters, {"a.0", "a"}, "head", TrainConfig(), 0);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_THAT(groups[0].names, ElementsAre("a.1.weight"));
  EXPECT_THAT(groups[1].names, ElementsAre("a.0.weight"));
}

TEST(ParameterGroups, WithoutStagesTheBackboneIsOne) {
  TrainConfig config;
  config.lr_decay = 0.5;
  const auto groups = parameter_groups(small_network(), {}, "head", config, 0);
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[0].stage_index, 1);
  EXPECT_EQ(groups[2].stage_index, 0);
  EXPECT_EQ(groups[2].lr_multiple, 0.5);
}

/// Two groups of one parameter each, value 2 and gradient 0.5: rate × 1 with weight decay 0.1, and
/// rate × 10 without.
std::vector<ParameterGroup> two_groups() {
  return {{"layer1", 0, 1.0, 0.1, {"a"}, {parameter({2, 2}, 2.0, 0.5)}},
          {"head", 1, 10.0, 0.0, {"b"}, {parameter({2}, 2.0, 0.5)}}};
}

TEST(Optimizers, TwoStepsOfSgdByHand) {
  TrainConfig config;
  config.optimizer = Optimizer::kSgd;
  config.lr = 0.1;
  config.momentum = 0.9;
  const auto groups = two_groups();
  const auto optimizer = make_optimizer(groups, config);
  optimizer->step();
  // Momentum v = g + 0.1 · w = 0.7, w = 2 − 0.1 · v; and v = 0.5, w = 2 − 1 · v.
  EXPECT_NEAR(first_element(groups[0].parameters[0]), 1.93, 1e-6);
  EXPECT_NEAR(first_element(groups[1].parameters[0]), 1.5, 1e-6);
  set_learning_rate(*optimizer, groups, 0.01);
  optimizer->step();
  // v = 0.9 · 0.7 + 0.5 + 0.1 · 1.93 = 1.323; and v = 0.9 · 0.5 + 0.5 = 0.95 at a rate of 0.1.
  EXPECT_NEAR(first_element(groups[0].parameters[0]), 1.93 - 0.01323, 1e-6);
  EXPECT_NEAR(first_element(groups[1].parameters[0]), 1.5 - 0.095, 1e-6);
}

TEST(Optimizers, FirstStepOfAdamWByHand) {
  TrainConfig config;
  config.optimizer = Optimizer::kAdamW;
  config.lr = 0.01;
  const auto groups = two_groups();
  make_optimizer(groups, config)->step();
  // w · (1 − lr · decay) − lr: the first step has the length of the rate.
  EXPECT_NEAR(first_element(groups[0].parameters[0]), 2 * (1 - 0.001) - 0.01, 1e-6);
  EXPECT_NEAR(first_element(groups[1].parameters[0]), 2 - 0.1, 1e-6);
}

TEST(Optimizers, FrozenParametersStayBitIdentical) {
  TrainConfig config;
  config.optimizer = Optimizer::kAdamW;
  auto groups = two_groups();
  groups[0].parameters[0].mutable_grad() = torch::Tensor();
  make_optimizer(groups, config)->step();
  EXPECT_TRUE(torch::equal(groups[0].parameters[0], torch::full({2, 2}, 2.0F)))
      << "without a gradient there is no weight decay either";
}

TEST(Optimizers, LbfgsIsRefused) {
  try {
    make_optimizer(two_groups(), TrainConfig());
    FAIL() << "expected ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("adamw or sgd"));
  }
}

double clipped_norm(const std::vector<torch::Tensor>& parameters, double max_norm) {
  return clip_gradients(parameters, max_norm).item<double>();
}

TEST(Gradients, AreClippedToTheNormOfAllTogether) {
  // Four of 3 and one of 8: √(4 · 9 + 64) = 10.
  const std::vector<torch::Tensor> parameters = {parameter({2, 2}, 0, 3), parameter({1}, 0, 8),
                                                 torch::ones({3})};
  EXPECT_NEAR(clipped_norm(parameters, 0), 10, 1e-5);
  EXPECT_NEAR(first_element(parameters[0].grad()), 3, 1e-6) << "0 only measures";
  EXPECT_NEAR(clipped_norm(parameters, 20), 10, 1e-5);
  EXPECT_NEAR(first_element(parameters[0].grad()), 3, 1e-6) << "shorter ones stay";
  EXPECT_NEAR(clipped_norm(parameters, 5), 10, 1e-5);
  EXPECT_NEAR(first_element(parameters[0].grad()), 1.5, 1e-5);
  EXPECT_NEAR(first_element(parameters[1].grad()), 4, 1e-5);
  EXPECT_FALSE(parameters[2].grad().defined());
  EXPECT_EQ(clipped_norm({torch::ones({3})}, 5), 0);
}

TEST(Gradients, NonFiniteOnesAreToldAndLeftAlone) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const std::vector<torch::Tensor> parameters = {parameter({2}, 0, 3), parameter({1}, 0, bad)};
    EXPECT_FALSE(std::isfinite(clipped_norm(parameters, 1)));
    EXPECT_EQ(first_element(parameters[0].grad()), 3);
  }
}

TEST(Gradients, AreClippedToTheBitsThatAFactorOfTheHostGives) {
  torch::manual_seed(1);
  for (const double max_norm : {0.001, 1.0, 3.7, 1e6}) {
    const std::vector<torch::Tensor> parameters = {parameter({7, 5}, 0, 0), parameter({11}, 0, 0)};
    std::vector<torch::Tensor> expected;
    for (const auto& each : parameters) {
      each.grad().normal_();
      expected.push_back(each.grad().clone());
    }
    const double norm =
        at::stack(at::_foreach_norm(expected)).to(torch::kFloat64).norm().item<double>();
    if (const double factor = max_norm / (norm + 1e-6); factor < 1) {
      at::_foreach_mul_(expected, factor);
    }
    EXPECT_EQ(clipped_norm(parameters, max_norm), norm);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(torch::equal(parameters[i].grad(), expected[i])) << max_norm;
    }
  }
}

TEST(Gradients, AddedUpOnesAreScaled) {
  const std::vector<torch::Tensor> parameters = {parameter({2}, 0, 3), torch::ones({3})};
  scale_gradients(parameters, 0.25);
  EXPECT_EQ(first_element(parameters[0].grad()), 0.75);
  scale_gradients({}, 0.25);
}

/// A device that every LibTorch has stands in for a GPU.
TEST(Optimizers, WhatIsKeptForAParameterFollowsItsDevice) {
  for (const Optimizer kind : {Optimizer::kAdamW, Optimizer::kSgd}) {
    TrainConfig config;
    config.optimizer = kind;
    config.momentum = 0.9;
    const auto weight = parameter({3}, 1, 0.5);
    const auto there = torch::zeros({3}, torch::kMeta).requires_grad_(true);
    const auto optimizer_of = [&config](const torch::Tensor& trained) {
      ParameterGroup group;
      group.parameters = {trained};
      return make_optimizer({group}, config);
    };
    const auto here = optimizer_of(weight);
    here->step();
    const auto optimizer = optimizer_of(there);
    // As loading a file leaves it.
    optimizer->state()[there.unsafeGetTensorImpl()] =
        std::move(here->state().at(weight.unsafeGetTensorImpl()));
    move_state_to_parameters(*optimizer);
    const auto& state = *optimizer->state().at(there.unsafeGetTensorImpl());
    const auto kept =
        kind == Optimizer::kAdamW
            ? std::vector{static_cast<const torch::optim::AdamWParamState&>(state).exp_avg(),
                          static_cast<const torch::optim::AdamWParamState&>(state).exp_avg_sq()}
            : std::vector{static_cast<const torch::optim::SGDParamState&>(state).momentum_buffer()};
    for (const torch::Tensor& moment : kept) EXPECT_TRUE(moment.is_meta()) << name_of(kind);
  }
}

}  // namespace
}  // namespace transfer
