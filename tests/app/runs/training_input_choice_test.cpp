#include <gmock/gmock.h>

#include "app/features/feature_table.h"
#include "app/training/activation_precision.h"
#include "app/training/trained_part.h"
#include "app/training/unfreezing.h"
#include "core/errors.h"
#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

using testing::HasSubstr;

torch::Tensor random_images(std::int64_t count) {
  torch::manual_seed(count);
  return torch::randn({count, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
}

TEST(SplitTraining, PrefixThenSuffixIsTheWholeNetwork) {
  const torch::NoGradGuard no_gradients;
  for (const BatchNorm batch_norm : {BatchNorm::kTrain, BatchNorm::kFolded}) {
    TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(batch_norm), torch::kCPU);
    network.evaluate();
    const auto whole = network.logits(random_images(11));
    network.split_behind("trunk.blocks.0", {"trunk.blocks.1.0.weight", "head.weight"});
    const auto prefix = std::make_shared<const FrozenPrefix>(network.frozen_prefix());
    EXPECT_EQ(prefix->stage(), "trunk.blocks.0");
    EXPECT_EQ(prefix->shape(fixture_backbone("tiny.pt").metadata().preprocessing),
              (std::vector<std::int64_t>{12, 16, 16}));
    const TrainedPart part{/*is_behind_split=*/true, prefix};
    // The prefix folds BatchNorm, which rounds differently.
    EXPECT_LT(largest_difference(part.logits(network, part.input_of(random_images(11))), whole),
              1e-5)
        << name_of(batch_norm);
    EXPECT_TRUE(torch::equal(network.logits(random_images(11)), whole))
        << "the network is as it was";
  }
}

TEST(FrozenWhole, ComputesWhatTheNetworkComputesNow) {
  const torch::NoGradGuard no_gradients;
  for (const BatchNorm batch_norm : {BatchNorm::kTrain, BatchNorm::kFolded}) {
    TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(batch_norm), torch::kCPU);
    network.split_behind("trunk.blocks.0", {"trunk.blocks.1.0.weight", "head.weight"});
    network.evaluate();
    const auto images = random_images(11);
    const auto before = network.logits(images);
    const FrozenPrefix frozen = network.frozen_whole(Fusion::kAuto);
    EXPECT_LT(largest_difference(frozen.activations(images), before), 1e-5);
    for (auto& [name, parameter] : network.parameters()) parameter.mul_(1.5);
    EXPECT_GT(largest_difference(network.logits(images), before), 1e-2) << "the weights moved";
    EXPECT_LT(largest_difference(frozen.activations(images), before), 1e-5) << "a copy";
    EXPECT_LT(largest_difference(network.frozen_whole(Fusion::kAuto).activations(images),
                                 network.logits(images)),
              1e-3)
        << name_of(batch_norm);
  }
}

TEST(SplitTraining, ActivationsDependOnNeitherNeighboursNorThreads) {
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(BatchNorm::kTrain),
                           torch::kCPU);
  network.split_behind("trunk.blocks.0", {});
  const TrainedPart part{/*is_behind_split=*/true,
                         std::make_shared<const FrozenPrefix>(network.frozen_prefix())};
  const auto images = random_images(19);
  const auto all = part.input_of(images);
  EXPECT_EQ(all.size(0), 19);
  EXPECT_FALSE(all.is_inference());
  for (const std::int64_t row : {0, 7, 8, 18}) {
    EXPECT_TRUE(torch::equal(part.input_of(images.narrow(0, row, 1))[0], all[row])) << row;
  }
}

TEST(SplitTraining, IsRefusedWhereATrainableLayerActsInFrontOfTheCut) {
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(BatchNorm::kTrain),
                           torch::kCPU);
  try {
    network.split_behind("trunk.blocks.0", {"head.weight", "trunk.stem.0.weight"});
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("trunk.stem.0.weight"));
  }
}

TEST(SplitTraining, StagesThatNeverTrainAreFrozenToTheLastEpoch) {
  TrainConfig config;
  config.epochs = 10;
  config.freeze_stages = 2;
  config.freeze_epochs = 3;
  EXPECT_EQ(stages_never_trained(config, 5), 2);
  config.unfreeze_every = 4;
  EXPECT_EQ(stages_never_trained(config, 5), 2) << "unfreezing is hurried, so that all train";
  config.freeze_stages = 5;
  EXPECT_EQ(stages_never_trained(config, 5), 5);
  config.freeze_stages = 0;
  EXPECT_EQ(stages_never_trained(config, 5), 0);
}

TEST(ActivationPrecision, Float16IsRefusedWhereItMovesALogitOrOverflows) {
  const auto sum = [](double factor) {
    return [factor](const torch::Tensor& a) { return a.flatten(1).sum(1) * factor; };
  };
  torch::manual_seed(1);
  const auto activations = torch::rand({4, 3, 2, 2});
  EXPECT_TRUE(float16_suffices(activations, sum(0.1)));
  EXPECT_FALSE(float16_suffices(activations, sum(100)));
  EXPECT_FALSE(float16_suffices(activations * 1e6, [](const torch::Tensor& a) { return a * 0; }));
}

TEST(FeatureTable, HoldsActivationsOfAnyShapeAsFloat16) {
  const RowFormat format({3, 4, 5}, torch::kFloat16);
  EXPECT_EQ(format.bytes(), 120);
  auto activations = torch::randn({10, 3, 4, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
  activations[2][0][0][0] = 1e6;
  auto rounded = activations.to(torch::kFloat16).to(torch::kFloat32);
  rounded[2][0][0][0] = 65504;
  auto table = FeatureTable::in_memory(10, format);
  table.write(4, activations.narrow(0, 4, 6));
  table.write(0, activations.narrow(0, 0, 4));
  EXPECT_TRUE(torch::equal(table.read(0, 10), rounded));
  EXPECT_TRUE(torch::equal(table.gather({7, 2, 7}),
                           rounded.index_select(0, torch::tensor({7, 2, 7}))));
}

}  // namespace
}  // namespace transfer
