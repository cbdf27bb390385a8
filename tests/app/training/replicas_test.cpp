#include "app/training/replicas.h"

#include <gtest/gtest.h>

#include "app/training/checkpoint.h"
#include "app/training/training_step.h"
#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

Config config_of(Optimizer optimizer) {
  Config config;
  config.train.optimizer = optimizer;
  config.train.clip_norm = 1;
  config.head.class_weights = ClassWeights::kAuto;
  config.head.label_smoothing = 0.1;
  return config;
}

Batch batch_of(std::int64_t rows, std::int64_t step) {
  torch::manual_seed(step);
  Batch batch;
  batch.images = torch::randn({rows, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
  batch.labels = torch::randint(5, {rows}, torch::kInt64);
  batch.count = rows;
  return batch;
}

struct Trained {
  std::vector<double> losses;
  NamedTensors state;
};

/// Three steps, of which the last is over the rows of a small batch.
Trained train(const std::string& name, BatchNorm batch_norm, std::int64_t replicas,
              std::int64_t last_rows = 7) {
  TrainableNetwork network(fixture_backbone(name), five_classes(batch_norm), torch::kCPU);
  const Config config = config_of(Optimizer::kSgd);
  Truth truth{torch::tensor({0, 1, 1, 2, 3, 4})};
  TrainingStep step(network, config, 5, training_loss(config, truth, 5, torch::kCPU), torch::kCPU);
  step.use_replicas(replicas);
  step.train_from(0);
  Trained trained;
  for (const std::int64_t rows : {std::int64_t{8}, std::int64_t{9}, last_rows}) {
    const auto loss = step.add(batch_of(rows, rows), static_cast<std::uint64_t>(rows));
    trained.losses.push_back(loss.sum / loss.weight);
    step.finish(0.05);
  }
  for (const auto& [key, tensor] : network.state()) {
    trained.state.emplace_back(key, tensor.detach().clone());
  }
  return trained;
}

TEST(Replicas, TheirNumberChangesNothingButRounding) {
  for (const BatchNorm batch_norm : {BatchNorm::kFrozen, BatchNorm::kFolded}) {
    for (const std::int64_t last_rows : {7, 1}) {
      const auto one = train("steady.pt", batch_norm, 1, last_rows);
      for (const std::int64_t replicas : {2, 3}) {
        const auto several = train("steady.pt", batch_norm, replicas, last_rows);
        for (std::size_t i = 0; i < one.losses.size(); ++i) {
          EXPECT_NEAR(several.losses[i], one.losses[i], 1e-5 * one.losses[i])
              << name_of(batch_norm) << i;
        }
        for (std::size_t i = 0; i < one.state.size(); ++i) {
          const auto& [name, tensor] = one.state[i];
          const double scale = tensor.to(torch::kFloat32).abs().max().item<double>();
          EXPECT_LE(largest_difference(several.state[i].second, tensor), 1e-5 * scale)
              << name_of(batch_norm) << ' ' << replicas << ' ' << name;
        }
      }
    }
  }
}

TEST(Replicas, TheSameNumberGivesTheSameBitsDropoutIncluded) {
  const auto first = train("tiny.pt", BatchNorm::kFrozen, 3);
  const auto again = train("tiny.pt", BatchNorm::kFrozen, 3);
  const auto without_dropout = train("steady.pt", BatchNorm::kFrozen, 3);
  EXPECT_EQ(first.losses, again.losses);
  EXPECT_NE(first.losses, without_dropout.losses);
  for (std::size_t i = 0; i < first.state.size(); ++i) {
    EXPECT_TRUE(torch::equal(first.state[i].second, again.state[i].second)) << first.state[i].first;
  }
}

TEST(Replicas, ShareWeightsNotGradientsNorDropout) {
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(BatchNorm::kFrozen),
                           torch::kCPU);
  const auto copy = network.replica();
  copy->train({"head.weight"});
  const auto images = batch_of(4, 1).images;
  copy->seed(1);
  const auto first = copy->logits(images);
  copy->seed(2);
  EXPECT_FALSE(torch::equal(copy->logits(images), first)) << "Dropout draws again";
  copy->seed(1);
  EXPECT_TRUE(torch::equal(copy->logits(images), first));
  first.sum().backward();
  for (const auto& [name, tensor] : network.parameters()) {
    EXPECT_FALSE(tensor.grad().defined()) << name;
  }
  copy->evaluate();
  network.evaluate();
  const torch::NoGradGuard no_gradients;
  const auto before = network.logits(images);
  EXPECT_TRUE(torch::equal(copy->logits(images), before));
  for (auto& [name, tensor] : network.parameters()) tensor.mul_(1.1);
  EXPECT_FALSE(torch::equal(network.logits(images), before));
  EXPECT_TRUE(torch::equal(copy->logits(images), network.logits(images)));
}

TEST(Replicas, TrainTheLayersBehindASplit) {
  const auto run = [](std::int64_t replicas) {
    TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFolded),
                             torch::kCPU);
    network.split_behind("trunk.blocks.0", {"head.weight"});
    const TrainedPart part{/*is_behind_split=*/true,
                           std::make_shared<const FrozenPrefix>(network.frozen_prefix())};
    Config config = config_of(Optimizer::kAdamW);
    config.train.freeze_stages = 1;
    TrainingStep step(network, config, 5, {}, torch::kCPU, part);
    step.use_replicas(replicas);
    step.train_from(1);
    step.add(batch_of(8, 1), 1);
    step.finish(0.01);
    return network.parameters().back().second.detach().clone();
  };
  EXPECT_LT(largest_difference(run(1), run(3)), 1e-5);
}

TEST(Replicas, KnowWhetherStatisticsMove) {
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(BatchNorm::kTrain),
                           torch::kCPU);
  network.train({"trunk.blocks.1.0.weight", "trunk.blocks.1.1.weight", "head.weight"});
  EXPECT_TRUE(network.moves_statistics());
  network.train({"head.weight"});
  EXPECT_FALSE(network.moves_statistics());
  TrainableNetwork frozen(fixture_backbone("tiny.pt"), five_classes(BatchNorm::kFrozen),
                          torch::kCPU);
  frozen.train({"trunk.blocks.1.0.weight", "trunk.blocks.1.1.weight", "head.weight"});
  EXPECT_FALSE(frozen.moves_statistics());
}

}  // namespace
}  // namespace transfer
