#include "app/report/run_overview.h"

#include <gmock/gmock.h>

#include "app/report/last_epoch.h"
#include "app/report/run_table.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_lock.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr const char* kConfig = "strategy: fine-tune\nbackbone: tiny\ndata:\n  path: pets\n...\n";
constexpr const char* kMetrics =
    "{\"epoch\":1,\"val_loss\":0.9,\"val_accuracy\":0.5,\"seconds\":3}\n"
    "{\"epoch\":2,\"val_loss\":0.7,\"val_accuracy\":0.75,\"seconds\":6.5}\n{\"epoch\":3,\"val";

class Runs : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_.path() / file).parent_path());
    write_file_atomically(folder_.path() / file, text);
  }
  void add_unfinished(const std::string& name) const {
    write(name + "/config.yaml", kConfig);
    write(name + "/metrics.jsonl", kMetrics);
  }
  void add_finished(const std::string& name, const std::string& val,
                    const std::string& date = "2026-01-31T23:59:59Z") const {
    add_unfinished(name);
    write(name + "/summary.json",
          R"({"format":2,"strategy":"fine-tune","backbone":"tiny","data":{"path":"pets"},"val":{)" +
              val + R"(},"best_epoch":2,"epochs":5,"seconds":{"total":12.5},"date":")" + date +
              "\"}");
  }
  RunOverview look(const std::string& name) const { return look_at_run(folder_.path() / name); }

  TemporaryFolder folder_;
};

TEST_F(Runs, AFinishedRunTellsItsSummary) {
  add_finished("a", R"("accuracy":0.9,"loss":0.1)");
  const RunOverview run = look("a");
  EXPECT_EQ(run.state, RunState::kFinished);
  EXPECT_EQ(run.data, "pets");
  EXPECT_EQ(run.val->value, 0.9);
  EXPECT_FALSE(run.test);
  EXPECT_EQ(run.best_epoch, 2);
  EXPECT_EQ(run.epochs, 5);
  EXPECT_EQ(run.seconds, 12.5);
  EXPECT_EQ(run.date, 1769903999);
  add_finished("numbers", R"("r2":null,"loss":0.1)");
  EXPECT_FALSE(look("numbers").val) << "NaN is no score";
}

TEST_F(Runs, AnUnfinishedRunTellsItsLastWholeEpoch) {
  add_unfinished("a");
  const RunOverview run = look("a");
  EXPECT_EQ(run.state, RunState::kStopped);
  EXPECT_EQ(run.strategy, "fine-tune");
  EXPECT_EQ(run.backbone, "tiny");
  EXPECT_EQ(run.data, "pets");
  EXPECT_EQ(run.epochs, 2);
  EXPECT_EQ(run.val->value, 0.75);
  EXPECT_FALSE(run.best_epoch);
  EXPECT_EQ(run.seconds, 6.5);
  write("a/error.txt", "the loss is NaN\nmore\n");
  EXPECT_EQ(look("a").state, RunState::kFailed);
  EXPECT_EQ(look("a").reason, "the loss is NaN");
  const auto lock = FileLock::try_take(folder_.path() / "a/.lock");
  EXPECT_EQ(look("a").state, RunState::kRunning);
}

TEST_F(Runs, ADamagedFileIsNamedInTheRunAlone) {
  add_finished("cut", R"("accuracy":0.9)");
  write("cut/summary.json", "{\"format\":2,");
  EXPECT_EQ(look("cut").state, RunState::kUnreadable);
  EXPECT_THAT(look("cut").reason, HasSubstr("cut/summary.json: "));
  write("cut/summary.json", "{\"format\":2}");
  EXPECT_THAT(look("cut").reason, HasSubstr("cut/summary.json: "));
  write("cut/summary.json", "[1]");
  EXPECT_EQ(look("cut").state, RunState::kUnreadable);
  write("cut/summary.json", "{}");
  EXPECT_THAT(look("cut").reason, HasSubstr("format 1"));
  add_unfinished("config");
  write("config/config.yaml", "strategy: [");
  EXPECT_THAT(look("config").reason, HasSubstr("config.yaml"));
  write("config/config.yaml", "");
  EXPECT_EQ(look("config").strategy, "");
}

TEST_F(Runs, AreFoundBelowFoldersAndNowhereElse) {
  add_finished("runs/a", "");
  add_unfinished("runs/study/b");
  add_unfinished("runs/study/b/inside-of-a-run");
  add_unfinished("runs/study/batch/c");
  add_unfinished("runs/feature-store/c");
  add_unfinished("runs/.hidden/c");
  add_unfinished("runs/1/2/3/4/5/6");
  add_unfinished("runs/1/2/3/4/5/too/deep");
  write("runs/study/summary.json", "{}");
  write("runs/program/config.yaml", "of another program: true");
  fs::create_directory_symlink(folder_.path() / "runs/a", folder_.path() / "runs/latest");
  std::vector<std::string> names;
  for (const fs::path& run : find_runs(folder_.path() / "runs")) {
    names.push_back(run.lexically_relative(folder_.path()).string());
  }
  EXPECT_THAT(names, UnorderedElementsAre("runs/a", "runs/study/b", "runs/1/2/3/4/5/6"));
  EXPECT_THAT(find_runs(folder_.path() / "runs/a"), ElementsAre(folder_.path() / "runs/a"));
  EXPECT_THAT(find_runs(folder_.path() / "runs/latest"), ElementsAre(testing::_))
      << "a link that the user names is followed";
  EXPECT_THROW(find_runs(folder_.path() / "none"), DataError);
  EXPECT_THROW(find_runs(folder_.path() / "runs/study/summary.json"), DataError);
}

TEST_F(Runs, AreSortedWithThoseThatLackTheValueAtTheEnd) {
  add_finished("old", R"("accuracy":0.9)", "2020-01-01T00:00:00Z");
  add_finished("good", R"("accuracy":0.95)", "2020-02-01T00:00:00Z");
  write("broken/config.yaml", kConfig);
  write("broken/summary.json", "{");
  std::vector<NamedRun> runs;
  for (const char* name : {"broken", "old", "good"}) runs.push_back({name, look(name)});
  const auto order = [&runs](RunOrder by) {
    sort_runs(runs, by);
    std::vector<std::string> names;
    for (const NamedRun& run : runs) names.push_back(run.name);
    return names;
  };
  EXPECT_THAT(order(RunOrder::kScore), ElementsAre("good", "old", "broken"));
  EXPECT_THAT(order(RunOrder::kTime), ElementsAre("good", "old", "broken"));
  EXPECT_THAT(order(RunOrder::kName), ElementsAre("broken", "good", "old"));
  EXPECT_THAT(order(RunOrder::kDate), ElementsAre("broken", "good", "old"));
  EXPECT_THAT(to_text(runs), AllOf(HasSubstr("95.00 %"), HasSubstr("2 of 5"), HasSubstr("13 s")));
}

TEST_F(Runs, TheLastEpochIsFoundInALongFile) {
  std::string lines;
  for (int epoch = 0; epoch <= 400; ++epoch) {
    lines += "{\"epoch\":" + std::to_string(epoch) + ",\"val_loss\":0.5,\"val_r2\":null}\n";
  }
  write("a/metrics.jsonl", lines);
  const auto last = read_last_epoch(folder_.path() / "a");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->epoch, 400);
  EXPECT_FALSE(last->score);
  EXPECT_FALSE(read_last_epoch(folder_.path() / "none"));
  write("a/metrics.jsonl", "");
  EXPECT_FALSE(read_last_epoch(folder_.path() / "a"));
  write("a/metrics.jsonl", "{\"epoch\":1}");
  EXPECT_FALSE(read_last_epoch(folder_.path() / "a")) << "not written to its end";
}

}  // namespace
}  // namespace transfer
