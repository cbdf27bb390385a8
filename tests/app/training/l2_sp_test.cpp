#include "app/training/l2_sp.h"

#include <gtest/gtest.h>

#include <map>

#include "app/training/training_step.h"
#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

constexpr double kStrength = 5;  // L2_SP of tests/golden/generate.py

Config plain_sgd() {
  Config config;
  config.train.optimizer = Optimizer::kSgd;
  config.train.momentum = 0.9;
  config.train.l2_sp = kStrength;
  return config;
}

bool is_of_head(const std::string& name) { return name.starts_with("head."); }

std::map<std::string, torch::Tensor> weights_of(const TrainableNetwork& network) {
  std::map<std::string, torch::Tensor> copies;
  for (const auto& [name, tensor] : network.parameters()) copies[name] = tensor.detach().clone();
  return copies;
}

Batch golden_batch(const std::map<std::string, torch::Tensor>& g, std::int64_t step) {
  Batch batch;
  batch.images = g.at("images")[step].contiguous(torch::MemoryFormat::ChannelsLast);
  batch.labels = g.at("labels")[step].contiguous();
  batch.count = batch.labels.size(0);
  return batch;
}

/// Weights after three steps of the golden file by `config`, its batches divided among replicas.
std::map<std::string, torch::Tensor> trained(const Config& config,
                                             BatchNorm mode = BatchNorm::kTrain,
                                             std::int64_t replicas = 1) {
  const auto g = golden("l2_sp.pt");
  TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(mode), torch::kCPU);
  {
    const torch::NoGradGuard no_gradients;
    for (auto [name, tensor] : network.parameters()) {
      if (name == "head.weight") tensor.copy_(g.at("head_weight"));
      if (name == "head.bias") tensor.copy_(g.at("head_bias"));
    }
  }
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  step.use_l2_sp(l2_sp_of(network, config.train));
  step.use_replicas(replicas);
  step.train_from(0);
  for (std::int64_t i = 0; i < 3; ++i) {
    step.add(golden_batch(g, i), 0);
    step.finish(0.1);
  }
  return weights_of(network);
}

TEST(L2Sp, ThreeStepsEqualPython) {
  const auto g = golden("l2_sp.pt");
  const auto weights = trained(plain_sgd());
  Config without = plain_sgd();
  without.train.l2_sp = 0;
  const auto unpenalised = trained(without);
  int compared = 0;
  for (const auto& [name, tensor] : weights) {
    const bool head = is_of_head(name);
    const auto key = head ? "classifier." + name.substr(5) : name.substr(6);  // "trunk."
    const auto& expected = g.at("after:" + key);
    EXPECT_LT(largest_difference(tensor, expected), 1e-4) << name;
    if (!head && tensor.dim() > 1) {
      EXPECT_GT(largest_difference(unpenalised.at(name), expected), 1e-3) << name;
    }
    ++compared;
  }
  EXPECT_GT(compared, 10);
}

TEST(L2Sp, AddsItsGradientToTheBackboneWhereItTrains) {
  TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(), torch::kCPU);
  const L2Sp penalty(network, kStrength);
  const torch::NoGradGuard no_gradients;
  for (auto [name, tensor] : network.parameters()) {
    tensor.add_(2.0);
    if (!name.starts_with("trunk.stem.")) tensor.mutable_grad() = torch::ones_like(tensor);
  }
  penalty.add_gradients();
  for (const auto& [name, tensor] : network.parameters()) {
    if (name.starts_with("trunk.stem.")) {
      EXPECT_FALSE(tensor.grad().defined()) << name;
      continue;
    }
    const auto expected = torch::full_like(tensor, is_of_head(name) ? 1.0 : 1.0 + 2.0 * kStrength);
    EXPECT_LT(largest_difference(tensor.grad(), expected), 1e-4) << name;
  }
}

TEST(L2Sp, ReplicasAddItOnce) {
  const auto one = trained(plain_sgd(), BatchNorm::kFrozen);
  const auto three = trained(plain_sgd(), BatchNorm::kFrozen, 3);
  for (const auto& [name, tensor] : one) {
    EXPECT_LT(largest_difference(tensor, three.at(name)), 1e-4) << name;
  }
}

TEST(L2Sp, IsOffUnlessAskedFor) {
  const TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  EXPECT_EQ(TrainConfig().l2_sp, 0);
  EXPECT_EQ(l2_sp_of(network, TrainConfig()), nullptr);
}

}  // namespace
}  // namespace transfer
