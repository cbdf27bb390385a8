#include <gmock/gmock.h>

#include "app/preparation/preparation.h"
#include "app/training/training_step.h"
#include "core/errors.h"
#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kImagesInAll = 8;

Config retraining(std::int64_t batch_size) {
  Config config;
  config.strategy = "retrain";
  config.train.optimizer = Optimizer::kAdamW;
  config.train.batch_size = batch_size;
  config.train.batch_norm = BatchNorm::kTrain;
  return config;
}

std::string refusal(const Config& config, std::int64_t images = kImagesInAll) {
  try {
    check_batches_of_one(config, fixture_backbone("tiny.pt"), images);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(BatchesOfOne, AreRefusedWhereTheyWouldTrainABatchNorm) {
  EXPECT_THAT(refusal(retraining(1)), testing::AllOf(HasSubstr("train.batch_size to 2 or more"),
                                                     HasSubstr("train.batch_norm=frozen")));
  EXPECT_THAT(refusal(retraining(32), 1), HasSubstr("there is one training image"));
}

TEST(BatchesOfOne, AreTakenWhereTheRemediesAreAppliedOrNoNormTrains) {
  EXPECT_EQ(refusal(retraining(2)), "accepted");
  Config config = retraining(1);
  for (const BatchNorm mode : {BatchNorm::kFrozen, BatchNorm::kFolded}) {
    config.train.batch_norm = mode;
    EXPECT_EQ(refusal(config), "accepted") << name_of(mode);
  }
  config = retraining(1);
  config.strategy = "freeze-conv";
  EXPECT_EQ(refusal(config), "accepted");
  check_batches_of_one(retraining(1), fixture_backbone("foreign/for_one_size.pt"), kImagesInAll);
}

Batch with_broken(std::vector<std::int64_t> labels) {
  Batch batch;
  batch.count = static_cast<std::int64_t>(labels.size());
  batch.images = torch::randn({batch.count, 3, 24, 24});
  batch.labels = torch::tensor(labels);
  for (std::int64_t i = 0; i < batch.count; ++i) {
    batch.samples.push_back(i);
    if (labels[static_cast<std::size_t>(i)] < 0) batch.broken.push_back({i, "cut off"});
  }
  return batch;
}

TEST(BatchesOfOne, ThatBrokenImagesLeaveAreDroppedWhereStatisticsMove) {
  for (const std::string name : {"foreign/one_by_one.pt", "foreign/one_by_one_traced.pt"}) {
    const auto backbone = fixture_backbone(name).with_input_size(24);
    const Config config = retraining(4);
    const Truth truth{torch::tensor({0, 1, 2, 3})};
    TrainableNetwork network(backbone, five_classes(), torch::kCPU);
    TrainingStep step(network, config, 5, training_loss(config, truth, 5, torch::kCPU),
                      torch::kCPU);
    step.train_from(0);
    EXPECT_EQ(step.add(with_broken({-1, 3, -1, -1}), 1).weight, 0) << name;
    EXPECT_EQ(step.add(with_broken({-1, 3, 1, -1}), 1).weight, 2) << name;
    for (const auto& [tensor, value] : network.state()) {
      EXPECT_TRUE(value.isfinite().all().item<bool>()) << name << " " << tensor;
    }
    TrainableNetwork frozen(backbone, five_classes(BatchNorm::kFrozen), torch::kCPU);
    TrainingStep other(frozen, config, 5, training_loss(config, truth, 5, torch::kCPU),
                       torch::kCPU);
    other.train_from(0);
    EXPECT_EQ(other.add(with_broken({-1, 3, -1, -1}), 1).weight, 1) << name;
  }
}

}  // namespace
}  // namespace transfer
