#include "app/training/trainer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/errors.h"
#include "tests/app/tiny_network.h"
#include "tests/core/message_listener.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

/// A dataset of five classes: one image of each to train on, and to validate with.
Dataset five_images() {
  Dataset result;
  for (std::int64_t label = 0; label < 5; ++label) {
    result.classes.push_back(fmt::format("class {}", label));
    result.train.push_back({.path = fmt::format("train/{}.png", label), .label = label});
    result.val.push_back({.path = fmt::format("val/{}.png", label), .label = label});
  }
  return result;
}

/// Random images, one batch an epoch. In each evaluation the validation images of `broken` fail.
class FailingInput : public TrainingInput {
 public:
  explicit FailingInput(std::vector<std::vector<std::int64_t>> broken)
      : broken_(std::move(broken)) {}

  const TrainedPart& part() const override { return part_; }

  std::unique_ptr<BatchReader> read(const LoaderOptions& epoch) override {
    return std::make_unique<OneBatch>(epoch.batches.front().count);
  }

  ImageLogits evaluate(const TrainableNetwork& network, EvaluatedSplit, const std::string&,
                       const EvaluationPart&) override {
    ImageLogits result{torch::zeros({5, network.classes()}), {}};
    for (const std::int64_t sample : broken_.at(evaluations_++)) {
      result.broken.push_back({sample, fmt::format("val/{}.png: cannot be read", sample)});
    }
    return result;
  }

 private:
  struct OneBatch : BatchReader {
    explicit OneBatch(std::int64_t rows) { batch.count = rows; }
    std::optional<Batch> next() override {
      torch::manual_seed(1);
      batch.images = torch::randn({batch.count, 3, 32, 32});
      batch.labels = torch::arange(batch.count);
      return batch;
    }
    Batch batch;
  };

  TrainedPart part_;
  std::vector<std::vector<std::int64_t>> broken_;
  std::size_t evaluations_ = 0;
};

/// Trains as many epochs as `broken` has entries.
TrainingOutcome train(std::vector<std::vector<std::int64_t>> broken, double max_broken = 0.5) {
  const TemporaryFolder folder;
  const Dataset dataset = five_images();
  Config config;
  config.train.epochs = static_cast<std::int64_t>(broken.size());
  config.train.optimizer = Optimizer::kSgd;
  config.train.batch_size = 5;
  config.data.max_broken = max_broken;
  TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFrozen),
                           torch::kCPU);
  FailingInput input(std::move(broken));
  const Truth truth{torch::arange(5)};
  const Preprocessing preprocessing;
  Trainer trainer(network, {.dataset = dataset,
                            .input = input,
                            .preprocessing = preprocessing,
                            .config = config,
                            .checkpoint = folder.path() / "checkpoint.pt",
                            .best_weights = folder.path() / "best.pt",
                            .loss = training_loss(config, truth, 5, torch::kCPU)});
  return trainer.run();
}

/// Random images; evaluates the network on five others.
class RandomInput : public FailingInput {
 public:
  RandomInput() : FailingInput({}) {}
  ImageLogits evaluate(const TrainableNetwork& network, EvaluatedSplit, const std::string&,
                       const EvaluationPart&) override {
    ++evaluations;
    const torch::NoGradGuard no_gradients;
    torch::manual_seed(2);
    return {part().logits(network, torch::randn({5, 3, 32, 32})), {}};
  }
  int evaluations = 0;
};

TEST(Trainer, GivesTheOutputsOfTheBestEpochAndReportsTheStart) {
  const TemporaryFolder folder;
  const Dataset dataset = five_images();
  Config config;
  config.train.epochs = 4;
  config.train.optimizer = Optimizer::kSgd;
  config.train.batch_size = 5;
  config.train.ema = 0.5;
  TrainableNetwork network(fixture_backbone("steady.pt"), five_classes(BatchNorm::kFrozen),
                           torch::kCPU);
  RandomInput input;
  const Preprocessing preprocessing;
  std::vector<EpochReport> reports;
  Trainer trainer(network, {.dataset = dataset,
                            .input = input,
                            .preprocessing = preprocessing,
                            .config = config,
                            .checkpoint = folder.path() / "checkpoint.pt",
                            .best_weights = folder.path() / "best.pt",
                            .start_counts = true,
                            .loss = training_loss(config, {torch::arange(5)}, 5, torch::kCPU),
                            .on_epoch = [&](const auto& report) { reports.push_back(report); }});
  const TrainingOutcome outcome = trainer.run();
  EXPECT_EQ(input.evaluations, 5) << "the start and four epochs";
  ASSERT_TRUE(outcome.val);
  EXPECT_TRUE(outcome.val->logits.equal(trainer.evaluate(EvaluatedSplit::kVal, "val").logits))
      << "the same bits as of the network with its best weights";
  ASSERT_EQ(reports.size(), 5U);
  EXPECT_EQ(reports.front().epoch, 0);
  EXPECT_TRUE(std::isnan(reports.front().train_loss));
  EXPECT_FALSE(reports.front().train_score);
  for (std::size_t epoch = 1; epoch < reports.size(); ++epoch) {
    ASSERT_TRUE(reports[epoch].train_score);
    const double fifths = 5 * reports[epoch].train_score->value;
    EXPECT_NEAR(fifths, std::round(fifths), 1e-12) << "of five images";
  }
}

TEST(Trainer, NamesAValidationImageThatFailsInALaterEpochOnce) {
  const MessageListener listener;
  const TrainingOutcome outcome = train({{}, {3}, {1, 3}, {}});
  EXPECT_EQ(listener.warnings, (std::vector<std::string>{"left out: val/3.png: cannot be read",
                                                         "left out: val/1.png: cannot be read"}));
  ASSERT_EQ(outcome.broken_val.size(), 2U);
  EXPECT_EQ(outcome.broken_val[0].sample, 1);
  EXPECT_EQ(outcome.broken_val[1].sample, 3);
}

TEST(Trainer, EndsWhereTooManyValidationImagesFailInALaterEpoch) {
  const MessageListener listener;
  EXPECT_THROW(train({{}, {0, 1}}, /*max_broken=*/0.3), DataError);
}

}  // namespace
}  // namespace transfer
