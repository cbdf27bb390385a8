#include "app/batch/job_result.h"

#include <gmock/gmock.h>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kRest =
    R"("strategy":"freeze-conv","best_epoch":3,"seconds":{"total":1.5},"peak_memory_mb":9})";

class JobResultTest : public testing::Test {
 protected:
  void write_summary(const std::string& start) const {
    write_file_atomically(run_.path() / "summary.json", start + kRest);
  }
  void write_metrics(const std::string& text) const {
    write_file_atomically(run_.path() / "metrics.jsonl", text);
  }

  TemporaryFolder run_;
};

TEST_F(JobResultTest, ReadsTheScoreOfEachKindOfTarget) {
  write_summary(R"({"format":2,"val":{"accuracy":0.9,"loss":0.1},)");
  EXPECT_EQ(read_scores(run_.path()).score, kAccuracy);
  write_summary(R"({"format":2,"val":{"accuracy":0.9,"mean_average_precision":0.8,"loss":0.1},)");
  const RunScores labels = read_scores(run_.path());
  EXPECT_EQ(labels.score, kMeanAveragePrecision);
  EXPECT_EQ(labels.val, 0.8);
  write_summary(R"({"format":2,"val":{"r2":null,"loss":0.1},"test":{"r2":0.5,"loss":1},)");
  const RunScores numbers = read_scores(run_.path());
  EXPECT_EQ(numbers.score, kR2);
  EXPECT_LT(numbers.val, -1e300) << "NaN is the worst there is";
  EXPECT_EQ(numbers.test, 0.5);
}

TEST_F(JobResultTest, KnowsARunThatCanTrainOn) {
  write_summary(R"({"format":2,"val":{"accuracy":0.9,"loss":0.1},"ended_by":"time_limit",)");
  EXPECT_TRUE(read_scores(run_.path()).was_stopped_by_time);
  write_summary(R"({"format":2,"val":{"accuracy":0.9,"loss":0.1},"ended_by":"patience",)");
  EXPECT_FALSE(read_scores(run_.path()).was_stopped_by_time);
}

TEST_F(JobResultTest, SummariesOfAnotherFormatAreRefusedWithARemedy) {
  write_summary(R"({"val":{"top1":0.9,"loss":0.1},)");
  EXPECT_THAT([&] { read_scores(run_.path()); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("summary.json: is of format 1"),
                                             HasSubstr("earlier version of transfer"),
                                             HasSubstr("format 2"), HasSubstr("Remove "))));
  write_summary(R"({"format":3,"val":{"accuracy":0.9,"loss":0.1},)");
  EXPECT_THAT([&] { read_scores(run_.path()); },
              ThrowsMessage<DataError>(HasSubstr("format 3, written by a later version")));
  write_summary(R"({"format":2,"val":{"loss":0.1},)");
  EXPECT_THAT([&] { read_scores(run_.path()); },
              ThrowsMessage<DataError>(HasSubstr("summary.json")));
}

TEST_F(JobResultTest, TheStartIsNoEpoch) {
  write_metrics(
      "{\"epoch\":0,\"val_loss\":0.9,\"val_accuracy\":0.1}\n"
      "{\"epoch\":1,\"val_loss\":0.5,\"val_accuracy\":0.5}\n{\"epoch\":2,\"val");
  const auto epochs = read_epoch_scores(run_.path());
  ASSERT_EQ(epochs.size(), 1U);
  EXPECT_EQ(epochs[0].value, 0.5);
}

TEST_F(JobResultTest, MetricsOfAnEarlierFormatAreRefusedWithARemedy) {
  write_metrics("{\"epoch\":1,\"val_loss\":0.5,\"val_top1\":0.5}\n");
  EXPECT_THAT([&] { read_epoch_scores(run_.path()); },
              ThrowsMessage<DataError>(
                  AllOf(HasSubstr("metrics.jsonl: is of format 1"), HasSubstr("Remove "))));
}

}  // namespace
}  // namespace transfer
