#include "app/report/results_table.h"

#include <gmock/gmock.h>

#include "app/report/run_directory.h"
#include "core/atomic_file.h"
#include "core/file_kind.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::ElementsAre;

TEST(ResultsTable, HasARowForEachLineAndAColumnForEachKey) {
  EXPECT_EQ(results_table("{\"epoch\":1,\"val_loss\":0.5}\n{\"epoch\":2,\"val_loss\":null}\n"),
            "epoch,val_loss\n1,0.5\n2,\n");
  EXPECT_EQ(results_table(""), "");
  EXPECT_EQ(results_table("cut off {\"epo"), "");
}

TEST(ResultsTable, KeysOfLaterLinesComeWhereTheyStandThere) {
  EXPECT_THAT(result_columns("{\"epoch\":0,\"val_loss\":1}\n"
                             "{\"epoch\":1,\"train_loss\":2,\"val_loss\":3,\"seconds\":4}\n"),
              ElementsAre("epoch", "train_loss", "val_loss", "seconds"));
  EXPECT_EQ(results_table("{\"epoch\":0,\"val_loss\":1}\n{\"epoch\":1,\"train_loss\":2}\n"),
            "epoch,train_loss,val_loss\n0,,1\n1,2,\n");
  EXPECT_EQ(result_row({"epoch"}, "{\"epoch\":1,\"new\":2}"), "");
}

TEST(ResultsTable, FollowsTheMetricsOfARun) {
  TemporaryFolder folder;
  Config config;
  config.out = folder / "run";
  const RunDirectory run = RunDirectory::create(config);
  const auto table = [&] { return read_file(run.file("results.csv")); };
  EXPECT_FALSE(is_file(run.file("results.csv")));
  run.append_metrics("{\"epoch\":0,\"val_loss\":1}");
  EXPECT_EQ(table(), "epoch,val_loss\n0,1\n");
  run.append_metrics("{\"epoch\":1,\"train_loss\":0.25,\"val_loss\":2}");
  EXPECT_EQ(table(), "epoch,train_loss,val_loss\n0,,1\n1,0.25,2\n");
  run.append_metrics("{\"epoch\":2,\"train_loss\":0.125,\"val_loss\":3}");
  EXPECT_EQ(table(), "epoch,train_loss,val_loss\n0,,1\n1,0.25,2\n2,0.125,3\n");
  run.keep_metrics(1);
  EXPECT_EQ(table(), "epoch,train_loss,val_loss\n0,,1\n1,0.25,2\n");
  run.keep_metrics(0);
  EXPECT_EQ(table(), "epoch,val_loss\n0,1\n");
  run.keep_metrics(std::nullopt);
  EXPECT_FALSE(is_file(run.file("results.csv")));
}

}  // namespace
}  // namespace transfer
