#include "app/runs/memory_estimate.h"

#include <gmock/gmock.h>

#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kGigabyte = 1e9;

TEST(MemoryEstimate, NothingIsSaidWhereTheBatchFits) {
  EXPECT_THAT(memory_warning({1 * kGigabyte, 0.1 * kGigabyte}, 32, 4.3 * kGigabyte), IsEmpty());
}

TEST(MemoryEstimate, TheWarningNamesABatchThatFits) {
  EXPECT_THAT(memory_warning({1 * kGigabyte, 0.1 * kGigabyte}, 32, 2 * kGigabyte),
              AllOf(HasSubstr("4.2 GB"), HasSubstr("2.0 GB"), HasSubstr("train.batch_size=8"),
                    HasSubstr("train.accumulate=4")));
}

TEST(MemoryEstimate, WhereNoBatchFitsItNamesOtherRemedies) {
  EXPECT_THAT(memory_warning({3 * kGigabyte, 0.1 * kGigabyte}, 32, 2 * kGigabyte),
              AllOf(HasSubstr("freeze_stages"), Not(HasSubstr("batch_size="))));
}

/// One batch of random images.
class RandomReader : public BatchReader {
 public:
  explicit RandomReader(std::int64_t count) : count_(count) {}

  std::optional<Batch> next() override {
    Batch batch;
    batch.count = count_;
    batch.images = torch::randn({count_, 3, 32, 32}).contiguous(torch::MemoryFormat::ChannelsLast);
    batch.labels = torch::arange(count_) % 5;
    return batch;
  }

 private:
  std::int64_t count_;
};

class RandomInput : public TrainingInput {
 public:
  explicit RandomInput(TrainedPart part) : part_(std::move(part)) {}

  const TrainedPart& part() const override { return part_; }
  std::unique_ptr<BatchReader> read(const LoaderOptions& epoch) override {
    return std::make_unique<RandomReader>(epoch.batches.front().count);
  }
  ImageLogits evaluate(const TrainableNetwork& /*network*/, EvaluatedSplit /*split*/,
                       const std::string& /*title*/, const EvaluationPart& /*part*/) override {
    return {};
  }

 private:
  TrainedPart part_;
};

Preparation run_of_16_images(BatchNorm batch_norm) {
  Preparation p{Config(), torch::kCPU, 1, fixture_backbone("tiny.pt"), Dataset()};
  p.config.train.optimizer = Optimizer::kSgd;
  p.config.train.batch_norm = batch_norm;
  p.config.train.batch_size = 16;
  p.dataset.classes = {"a", "b", "c", "d", "e"};
  for (int i = 0; i < 16; ++i) p.dataset.train.push_back({"never read", i % 5});
  return p;
}

TEST(MemoryEstimate, ChangesNeitherWeightsNorStatistics) {
  const Preparation p = run_of_16_images(BatchNorm::kTrain);
  TrainableNetwork network(p.backbone, five_classes(), torch::kCPU);
  std::vector<torch::Tensor> before;
  for (const auto& [name, tensor] : network.state()) before.push_back(tensor.detach().clone());
  RandomInput input({});
  const auto estimate = estimate_memory(p, {}, network, input);
  const auto after = network.state();
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_TRUE(torch::equal(after[i].second, before[i])) << after[i].first;
    EXPECT_FALSE(after[i].second.grad().defined() &&
                 after[i].second.grad().abs().sum().item<double>() > 0)
        << after[i].first;
  }
  EXPECT_GT(estimate.fixed, 0);
}

TEST(MemoryEstimate, AnImageTakesLessWhereLessTrains) {
  const Preparation p = run_of_16_images(BatchNorm::kFrozen);
  TrainableNetwork network(p.backbone, five_classes(BatchNorm::kFrozen), torch::kCPU);
  RandomInput images({});
  const double whole = estimate_memory(p, {}, network, images).per_image;
  // 12 maps of 16x16, and the image itself in five batches of the queue.
  EXPECT_GT(whole, 12 * 16 * 16 * 4 + 5 * 3 * 32 * 32 * 4);
  EXPECT_LT(whole, 100 * (12 * 16 * 16 * 4 + 5 * 3 * 32 * 32 * 4));
  network.split_behind("trunk.blocks.0", {"head.weight", "head.bias"});
  const TrainedPart behind{true, std::make_shared<const FrozenPrefix>(network.frozen_prefix())};
  RandomInput part(behind);
  EXPECT_LT(estimate_memory(p, {}, network, part).per_image, whole);
}

}  // namespace
}  // namespace transfer
