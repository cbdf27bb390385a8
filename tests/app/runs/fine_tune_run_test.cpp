#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>
#include <torch/optim/optimizer.h>
#include <torch/serialize/output-archive.h>

#include <fstream>

#include "app/training/checkpoint.h"
#include "app/training/training_step.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "models/archive_file.h"
#include "models/model_weights.h"
#include "tests/app/tiny_network.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using Golden = std::map<std::string, torch::Tensor>;

Config sgd() {
  Config config;
  config.train.optimizer = Optimizer::kSgd;
  config.train.momentum = 0.9;
  config.train.lr = 0.1;
  return config;
}

/// The network's name for a tensor of the fixture.
std::string renamed(const std::string& name) {
  const std::string head = "classifier.";
  return name.starts_with(head) ? "head." + name.substr(head.size()) : "trunk." + name;
}

std::map<std::string, torch::Tensor> by_name(const NamedTensors& tensors) {
  return {tensors.begin(), tensors.end()};
}

std::map<std::string, torch::Tensor> copies(const TrainableNetwork& network) {
  std::map<std::string, torch::Tensor> result;
  for (const auto& [name, tensor] : network.state()) result[name] = tensor.detach().clone();
  return result;
}

Batch batch_of(const Golden& g, std::int64_t step) {
  Batch batch;
  batch.images = g.at("images")[step].contiguous(torch::MemoryFormat::ChannelsLast);
  batch.labels = g.at("labels")[step].contiguous();
  batch.count = batch.labels.size(0);
  return batch;
}

void set_head(const TrainableNetwork& network, const Golden& g) {
  torch::NoGradGuard no_gradients;
  auto tensors = by_name(network.parameters());
  tensors.at("head.weight").copy_(g.at("head_weight"));
  tensors.at("head.bias").copy_(g.at("head_bias"));
}

void train(TrainingStep& step, const Golden& g, std::int64_t first, std::int64_t last,
           std::int64_t first_stage = 0) {
  step.train_from(first_stage);
  for (std::int64_t i = first; i < last; ++i) {
    step.add(batch_of(g, i % 3), static_cast<std::uint64_t>(i));
    step.finish(0.1);
  }
}

class FineTune : public testing::TestWithParam<std::string> {};

TEST_P(FineTune, ThreeStepsEqualPython) {
  const auto g = golden("fine_tune.pt");
  TrainableNetwork network(fixture_backbone(GetParam()), five_classes(), torch::kCPU);
  set_head(network, g);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  step.train_from(0);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto loss = step.add(batch_of(g, i), 0);
    EXPECT_NEAR(loss.sum / loss.weight, g.at("losses")[i].item<double>(), 1e-4) << i;
    for (const auto& [name, tensor] : network.parameters()) {
      if (i > 0) break;
      for (const auto& [key, expected] : g) {
        if (!key.starts_with("grad:") || renamed(key.substr(5)) != name) continue;
        // The gradients are of the summed loss until finish() divides them.
        const auto gradient = tensor.grad() / loss.weight;
        EXPECT_LT(largest_difference(gradient, expected),
                  1e-3 * expected.abs().max().item<double>())
            << name;
      }
    }
    step.finish(0.1);
  }
  int compared = 0;
  const auto after = by_name(network.state());
  for (const auto& [key, expected] : g) {
    if (!key.starts_with("after:") || key.ends_with("num_batches_tracked")) continue;
    const auto found = after.find(renamed(key.substr(6)));
    ASSERT_NE(found, after.end()) << key;
    EXPECT_LT(largest_difference(found->second, expected), 1e-4) << key;
    ++compared;
  }
  EXPECT_EQ(compared, 3 * 5 + 2) << "running statistics included";
}

INSTANTIATE_TEST_SUITE_P(ScriptedAndRepairedTrace, FineTune,
                         testing::Values("steady.pt", "steady_traced.pt"));

TEST(FineTune, FrozenLayersAndTheirStatisticsStayBitIdentical) {
  const auto g = golden("fine_tune.pt");
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  const auto before = copies(network);
  train(step, g, 0, 3, /*first_stage=*/1);
  for (const auto& [name, tensor] : network.state()) {
    const bool frozen = name.starts_with("trunk.stem.") || name.starts_with("trunk.blocks.0.");
    if (name.ends_with("num_batches_tracked")) continue;
    EXPECT_EQ(torch::equal(tensor, before.at(name)), frozen) << name;
  }
}

TEST(FineTune, BatchNormModesDecideWhichTensorsMove) {
  const auto g = golden("fine_tune.pt");
  for (const BatchNorm mode : {BatchNorm::kTrain, BatchNorm::kFrozen, BatchNorm::kFolded}) {
    TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(mode), torch::kCPU);
    const Config config = sgd();
    TrainingStep step(network, config, 5, {}, torch::kCPU);
    const auto before = copies(network);
    network.evaluate();
    torch::Tensor at_the_start;
    {
      torch::NoGradGuard no_gradients;
      at_the_start = network.logits(batch_of(g, 0).images);
    }
    train(step, g, 0, 3);
    for (const auto& [name, tensor] : network.state()) {
      if (name.ends_with("num_batches_tracked")) continue;
      const bool is_statistic = name.find("running_") != std::string::npos;
      EXPECT_EQ(torch::equal(tensor, before.at(name)), is_statistic && mode != BatchNorm::kTrain)
          << name_of(mode) << ' ' << name;
    }
    // Folding changes nothing at the start: same seed, same head.
    const TrainableNetwork plain(fixture_backbone("tiny.pt"), five_classes(BatchNorm::kFrozen),
                                 torch::kCPU);
    TrainableNetwork reference(fixture_backbone("tiny.pt"), five_classes(BatchNorm::kFrozen),
                               torch::kCPU);
    reference.evaluate();
    torch::NoGradGuard no_gradients;
    EXPECT_LT(largest_difference(reference.logits(batch_of(g, 0).images), at_the_start), 1e-5)
        << name_of(mode);
  }
}

TEST(FineTune, FromScratchDrawsEveryLayerBySeed) {
  auto scratch = five_classes();
  scratch.from_scratch = true;
  const TrainableNetwork pretrained(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const TrainableNetwork first(fixture_backbone("tiny.pt"), scratch, torch::kCPU);
  const TrainableNetwork again(fixture_backbone("tiny.pt"), scratch, torch::kCPU);
  const auto old = by_name(pretrained.state());
  const auto same = by_name(again.state());
  for (const auto& [name, tensor] : first.state()) {
    EXPECT_TRUE(torch::equal(tensor, same.at(name))) << name;
    if (!name.starts_with("trunk.") || name.ends_with("num_batches_tracked")) continue;
    EXPECT_FALSE(torch::equal(tensor, old.at(name))) << name;
  }
  const auto weights = by_name(first.parameters());
  EXPECT_TRUE(weights.at("trunk.stem.1.weight").eq(1).all().item<bool>()) << "BatchNorm's scale";
  // He's rule for 12 outputs of a 3x3 kernel.
  EXPECT_NEAR(weights.at("trunk.blocks.0.0.weight").std().item<double>(), std::sqrt(2.0 / 108),
              0.02);
}

TEST(FineTune, AccumulatedBatchesAreOneLargeBatch) {
  const auto g = golden("fine_tune.pt");
  const auto run = [&g](bool in_two_parts) {
    TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFrozen),
                             torch::kCPU);
    const Config config = sgd();
    TrainingStep step(network, config, 5, {}, torch::kCPU);
    step.train_from(0);
    const Batch whole = batch_of(g, 0);
    if (in_two_parts) {
      for (const std::int64_t first : {0, 3}) {
        Batch part = whole;
        part.images = whole.images.slice(0, first, first == 0 ? 3 : 8);
        part.labels = whole.labels.slice(0, first, first == 0 ? 3 : 8);
        step.add(part, 0);
      }
    } else {
      step.add(whole, 0);
    }
    step.finish(0.1);
    return copies(network);
  };
  const auto once = run(false);
  const auto twice = run(true);
  for (const auto& [name, tensor] : once) {
    if (tensor.is_floating_point()) {
      EXPECT_LT(largest_difference(tensor, twice.at(name)), 1e-5) << name;
    }
  }
}

TEST(Checkpoint, TrainingGoesOnBitForBit) {
  const auto g = golden("fine_tune.pt");
  const std::string file = testing::TempDir() + "/checkpoint_test.pt";
  for (const Optimizer optimizer : {Optimizer::kSgd, Optimizer::kAdamW}) {
    Config config = sgd();
    config.train.optimizer = optimizer;
    TrainableNetwork whole(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
    TrainingStep step(whole, config, 5, {}, torch::kCPU);
    train(step, g, 0, 2, /*first_stage=*/2);
    train(step, g, 2, 4);
    TrainingProgress progress;
    progress.epoch = 7;
    progress.loss_sum = 0.1;
    progress.broken = {{4, "a.png: no image"}, {9, "b.png: \"cut\" short"}};
    write_checkpoint(file, whole.state(), step.optimizer(), progress);
    train(step, g, 4, 7);

    TrainableNetwork resumed(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
    TrainingStep second(resumed, config, 5, {}, torch::kCPU);
    const auto read = read_checkpoint(file, resumed.state(), second.optimizer());
    EXPECT_EQ(read.epoch, 7);
    EXPECT_EQ(read.loss_sum, 0.1);
    EXPECT_TRUE(std::isinf(read.stopping.best));
    ASSERT_EQ(read.broken.size(), 2);
    EXPECT_EQ(read.broken[1].sample, 9);
    EXPECT_EQ(read.broken[1].reason, "b.png: \"cut\" short");
    train(second, g, 4, 7);
    const auto expected = by_name(whole.state());
    for (const auto& [name, tensor] : resumed.state()) {
      EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name_of(optimizer) << ' ' << name;
    }
  }
}

TEST(Checkpoint, GoingBackToBeforeTheFirstStepForgetsTheMomentum) {
  const std::string file = testing::TempDir() + "/first_checkpoint_test.pt";
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  write_checkpoint(file, network.state(), step.optimizer(), {});
  train(step, golden("fine_tune.pt"), 0, 2);
  ASSERT_FALSE(step.optimizer().state().empty());
  read_checkpoint(file, network.state(), step.optimizer());
  EXPECT_TRUE(step.optimizer().state().empty());
}

TEST(Checkpoint, FilesOfAnEarlierVersionAreRefusedInWords) {
  const std::string file = testing::TempDir() + "/format_1_checkpoint_test.pt";
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  torch::serialize::OutputArchive archive;  // as format 1, it names none
  archive.write("tensor_count", c10::IValue(std::int64_t{0}));
  archive.save_to(file);
  EXPECT_THAT([&] { read_checkpoint(file, network.state(), step.optimizer()); },
              testing::ThrowsMessage<ModelError>(
                  testing::AllOf(testing::HasSubstr(file), testing::HasSubstr("is of format 1"),
                                 testing::HasSubstr("--overwrite"))));
}

TEST(Checkpoint, TheWeightsOfTheBestEpochAreNoCheckpoint) {
  const std::string file = testing::TempDir() + "/weights_alone_test.pt";
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  write_tensors(file, network.state());
  EXPECT_THAT([&] { read_checkpoint(file, network.state(), step.optimizer()); },
              testing::ThrowsMessage<ModelError>(testing::AllOf(testing::HasSubstr(file),
                                                                testing::HasSubstr("best epoch"),
                                                                testing::HasSubstr("Put back"))));
}

TEST(Checkpoint, DamagedAndForeignFilesAreRefused) {
  const std::string file = testing::TempDir() + "/damaged_checkpoint_test.pt";
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  write_checkpoint(file, network.state(), step.optimizer(), {});
  auto fewer = network.state();
  fewer.pop_back();
  EXPECT_THROW(read_checkpoint(file, fewer, step.optimizer()), ModelError);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THROW(read_checkpoint(file, network.state(), step.optimizer()), ModelError);
}

TEST(Checkpoint, AFlippedBitIsFoundInEveryRecord) {
  const std::string file = testing::TempDir() + "/flipped_checkpoint_test.pt";
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  write_checkpoint(file, network.state(), step.optimizer(), {});
  const std::string sound = read_file(file);
  const auto records = ArchiveFile(file).records();
  for (const ArchiveRecord& record : records) {
    if (record.size == 0) continue;
    std::string bytes = sound;
    bytes[record.begin + record.stored_size / 2] ^= 8;
    std::ofstream(file, std::ios::binary) << bytes;
    EXPECT_THAT([&] { read_checkpoint(file, network.state(), step.optimizer()); },
                testing::ThrowsMessage<ModelError>(testing::AllOf(
                    testing::HasSubstr(file), testing::HasSubstr("its record " + record.name),
                    testing::HasSubstr("--overwrite"))));
  }
}

TEST(Checkpoint, OneThatHoldsAProgramIsRefusedBeforeItRuns) {
  const std::string sound = testing::TempDir() + "/sound_checkpoint_test.pt";
  const std::string file = testing::TempDir() + "/program_checkpoint_test.pt";
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  write_checkpoint(sound, network.state(), step.optimizer(), {});
  const ArchiveFile archive(sound);
  caffe2::serialize::PyTorchStreamWriter writer(file);
  for (const ArchiveRecord& record : archive.records()) {
    if (record.name.starts_with(".data/") || record.name == "version") continue;  // it writes these
    std::string bytes = archive.contents(record);
    if (record.name == "code/__torch__.py")
      bytes += "  def __setstate__(self, x: int) -> None:\n    pass\n";
    writer.writeRecord(record.name, bytes.data(), bytes.size());
  }
  writer.writeEndOfFile();
  EXPECT_THAT([&] { read_checkpoint(file, network.state(), step.optimizer()); },
              testing::ThrowsMessage<ModelError>(
                  testing::AllOf(testing::HasSubstr(file), testing::HasSubstr("__setstate__"))));
}

TEST(Checkpoint, AnArchiveOfOtherContentIsRefusedInWords) {
  const std::string file = testing::TempDir() + "/other_checkpoint_test.pt";
  TrainableNetwork network(fixture_backbone("tiny.pt"), five_classes(), torch::kCPU);
  const Config config = sgd();
  TrainingStep step(network, config, 5, {}, torch::kCPU);
  torch::serialize::OutputArchive archive;
  archive.write("format", c10::IValue("a text"));
  archive.save_to(file);
  EXPECT_THAT([&] { read_checkpoint(file, network.state(), step.optimizer()); },
              testing::ThrowsMessage<ModelError>(
                  testing::AllOf(testing::HasSubstr(file), testing::HasSubstr("is damaged"))));
}

TEST(ModelWeights, AWrittenModelGivesItsNetworkBack) {
  TemporaryFolder folder;
  for (const BatchNorm batch_norm : {BatchNorm::kTrain, BatchNorm::kFolded}) {
    TrainableOptions options = five_classes(batch_norm);
    const TrainableNetwork trained(fixture_backbone("tiny.pt"), options, torch::kCPU);
    {
      torch::NoGradGuard no_gradients;
      for (const auto& [name, tensor] : trained.state()) {
        if (tensor.is_floating_point()) tensor.add_(0.25);
      }
    }
    trained.write({"a", "b", "c", "d", "e"}, folder / "model.pt");
    options.seed = 77;
    const TrainableNetwork fresh(fixture_backbone("tiny.pt"), options, torch::kCPU);
    load_model_weights(folder / "model.pt", fresh.state());
    const auto expected = copies(trained);
    for (const auto& [name, tensor] : copies(fresh)) {
      EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
    }
    options.classes = 3;
    const TrainableNetwork other(fixture_backbone("tiny.pt"), options, torch::kCPU);
    expect_contains(
        message_of<ModelError>([&] { load_model_weights(folder / "model.pt", other.state()); }),
        {"model.pt", "head.weight of shape [3, ", "found [5, "});
  }
}

}  // namespace
}  // namespace transfer
