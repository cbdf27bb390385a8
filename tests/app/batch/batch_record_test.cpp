#include "app/batch/batch_record.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/atomic_file.h"
#include "tests/core/message_listener.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

class Record : public testing::Test {
 protected:
  Record() {
    for (const char* name : {"a", "b"}) {
      PlannedJob planned;
      planned.job.name = name;
      plan_.jobs.push_back(planned);
    }
    std::filesystem::create_directories(folder_.own_folder());
  }

  TemporaryFolder files_;
  BatchFolder folder_{files_.path() / "out"};
  BatchPlan plan_;
  std::vector<JobResult> results_{2};
  JobClocks clocks_{2};
};

TEST_F(Record, IsReadAsItWasWritten) {
  EXPECT_FALSE(read_batch_record(folder_));
  BatchRecorder recorder(plan_, folder_, "local", {3, true});
  results_[0].state = JobState::kFailed;
  results_[0].reason = "the disk is full";
  results_[1].state = JobState::kRunning;
  clocks_.start(1);
  recorder.update(results_, clocks_);
  const auto record = read_batch_record(folder_);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->launcher, "local");
  EXPECT_EQ(record->slots.most, 3);
  EXPECT_EQ(record->jobs.at("a").state, JobState::kFailed);
  EXPECT_EQ(record->jobs.at("a").reason, "the disk is full");
  EXPECT_FALSE(record->jobs.at("a").started);
  EXPECT_EQ(record->jobs.at("b").state, JobState::kRunning);
  EXPECT_NEAR(*record->jobs.at("b").started, seconds_since_1970(), 60);
  EXPECT_NEAR(record->jobs.at("b").seconds, 0, 1e-3);
}

TEST_F(Record, IsWrittenWhereAStateHasChangedAndNotTooOften) {
  BatchRecorder recorder(plan_, folder_, "local", {});
  recorder.update(results_, clocks_);
  results_[0].state = JobState::kRunning;
  recorder.update(results_, clocks_);
  EXPECT_EQ(read_batch_record(folder_)->jobs.at("a").state, JobState::kWaiting) << "a second later";
  recorder.finish(results_, clocks_);
  EXPECT_EQ(read_batch_record(folder_)->jobs.at("a").state, JobState::kRunning);
  std::filesystem::remove(folder_.status_file());
  recorder.finish(results_, clocks_);
  EXPECT_FALSE(read_batch_record(folder_)) << "nothing has changed";
}

TEST_F(Record, OneThatCannotBeWrittenEndsNoBatch) {
  std::filesystem::remove(folder_.own_folder());
  const MessageListener listener;
  BatchRecorder recorder(plan_, folder_, "local", {});
  recorder.finish(results_, clocks_);
  results_[0].state = JobState::kRunning;
  recorder.finish(results_, clocks_);
  EXPECT_THAT(listener.warnings, testing::ElementsAre(testing::HasSubstr("status.json")));
}

TEST_F(Record, OneThatIsDamagedIsNone) {
  for (const char* text :
       {"", "[]", "{\"format\":2}", "{\"format\":1}", "{\"format\":2,\"jobs\":3}"}) {
    write_file_atomically(folder_.status_file(), text);
    EXPECT_FALSE(read_batch_record(folder_)) << text;
  }
}

}  // namespace
}  // namespace transfer
