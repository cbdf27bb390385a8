#include "app/training/training_step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

Batch random_batch(std::int64_t rows, std::int64_t seed) {
  torch::manual_seed(seed);
  Batch batch;
  batch.images = torch::randn({rows, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
  batch.labels = torch::randint(5, {rows}, torch::kInt64);
  batch.count = rows;
  return batch;
}

Config sgd_with_clipping() {
  Config config;
  config.train.optimizer = Optimizer::kSgd;
  config.train.momentum = 0.9;
  config.train.clip_norm = 1;
  return config;
}

class TrainedNetwork {
 public:
  TrainedNetwork()
      : config_(sgd_with_clipping()),
        network_(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFrozen), torch::kCPU),
        step_(network_, config_, 5, {}, torch::kCPU) {
    step_.train_from(0);
  }

  TrainingStep& step() { return step_; }
  std::vector<torch::Tensor> weights() const {
    std::vector<torch::Tensor> copies;
    for (const auto& [name, tensor] : network_.state()) copies.push_back(tensor.detach().clone());
    return copies;
  }

 private:
  Config config_;
  TrainableNetwork network_;
  TrainingStep step_;
};

void expect_same_weights(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i], b[i])) << i;
}

TEST(TrainingStep, ALossThatIsNotFiniteLeavesNothingBehindOnceDiscarded) {
  TrainedNetwork undisturbed;
  TrainedNetwork disturbed;
  for (std::int64_t i = 0; i < 3; ++i) {
    if (i == 1) {
      disturbed.step().add(random_batch(4, 9), 0, /*is_last=*/false);
      Batch bad = random_batch(4, 10);
      bad.images.fill_(std::nan(""));
      EXPECT_FALSE(std::isfinite(disturbed.step().add(bad, 0).sum));
      disturbed.step().discard();
    }
    for (TrainedNetwork* each : {&undisturbed, &disturbed}) {
      each->step().add(random_batch(8, i), 0);
      each->step().finish(0.01);
    }
  }
  expect_same_weights(undisturbed.weights(), disturbed.weights());
}

TEST(TrainingStep, GradientsThatAreNotFiniteSkipTheStep) {
  TrainedNetwork network;
  const auto before = network.weights();
  network.step().add(random_batch(8, 1), 0);
  for (auto& parameter : network.step().parameters()) parameter.grad().fill_(HUGE_VAL);
  network.step().finish(0.01);
  expect_same_weights(network.weights(), before);
  network.step().add(random_batch(8, 1), 0);
  network.step().finish(0.01);
  EXPECT_FALSE(torch::equal(network.weights().front(), before.front()));
}

}  // namespace
}  // namespace transfer
