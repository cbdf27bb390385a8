#include "app/report/run_directory.h"

#include <gmock/gmock.h>

#include "core/atomic_file.h"
#include "core/file_kind.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

Config config_for(const std::string& out) {
  Config config;
  config.out = out;
  return config;
}

TEST(RunDirectory, TellsARunUnderWayFromAStoppedAndAFinishedOne) {
  TemporaryFolder folder;
  const Config config = config_for(folder / "run");
  {
    const RunDirectory run = RunDirectory::create(config);
    const auto message = message_of<OutputError>([&] { RunDirectory::create(config); });
    expect_contains(message, {"run: another process is writing to this run directory", "--output"});
    EXPECT_EQ(message.find("stopped:"), std::string::npos) << message;
  }
  expect_contains(message_of<OutputError>([&] { RunDirectory::create(config); }),
                  {"Its run was stopped", "transfer --resume " + (folder / "run")});
  EXPECT_NO_THROW(RunDirectory::open(folder / "run")) << "what the message says";
  write_file_atomically(folder / "run/summary.json", "{}");
  const auto finished = message_of<OutputError>([&] { RunDirectory::create(config); });
  EXPECT_EQ(finished.find("stopped"), std::string::npos) << finished;
  expect_contains(finished, {"exists already", "--overwrite"});
  Config overwrite = config;
  overwrite.overwrite = true;
  EXPECT_NO_THROW(RunDirectory::create(overwrite));
}

TEST(RunDirectory, IsNeverAFileNorAFolderThatTheDataLieIn) {
  TemporaryFolder folder;
  folder.write("pets/cats/0.png", "");
  folder.write("file", "");
  Config config = config_for(folder / "file");
  config.overwrite = true;
  expect_contains(message_of<OutputError>([&] { RunDirectory::create(config); }), {"is a file"});
  config.data.path = folder / "pets/";
  for (const std::string out : {"pets", "pets/", "pets/cats/..", "."}) {
    config.out = folder / out;
    expect_contains(message_of<OutputError>([&] { RunDirectory::create(config); }),
                    {"holds the data", "--output"});
  }
  config.out = folder / "pet";
  EXPECT_NO_THROW(RunDirectory::create(config)) << "pets begins with pet";
}

TEST(RunDirectory, ALockThatAKilledRunLeftIsNoRunUnderWay) {
  TemporaryFolder folder;
  folder.write("run/.lock", "");
  folder.write("run/config.yaml", "");
  expect_contains(
      message_of<OutputError>([&] { RunDirectory::create(config_for(folder / "run")); }),
      {"was stopped"});
}

TEST(RunDirectory, TemporaryFilesOfKilledRunsAreRemoved) {
  TemporaryFolder folder;
  const auto leave = [&] { folder.write("run/model.pt.0123456789abcdef.tmp", "half"); };
  leave();
  folder.write("run/.lock", "");
  EXPECT_FALSE(RunDirectory::is_used(folder / "run"));
  Config config = config_for(folder / "run");
  EXPECT_NO_THROW(RunDirectory::create(config)) << "a run that was killed before its first file";
  EXPECT_FALSE(is_file(folder / "run/model.pt.0123456789abcdef.tmp"));
  leave();
  EXPECT_NO_THROW(RunDirectory::open(folder / "run"));
  EXPECT_FALSE(is_file(folder / "run/model.pt.0123456789abcdef.tmp"));
  leave();
  config.overwrite = true;
  EXPECT_NO_THROW(RunDirectory::create(config));
  EXPECT_FALSE(is_file(folder / "run/model.pt.0123456789abcdef.tmp"));
}

TEST(RunDirectory, AFinishedRunIsClearedOfWhatAKillLeftUnlessItIsWrittenTo) {
  TemporaryFolder folder;
  const auto left = {"run/checkpoint.pt", "run/checkpoint-best.pt", "run/.lock",
                     "run/model.pt.0123456789abcdef.tmp"};
  for (const char* name : left) folder.write(name, "");
  folder.write("run/model.pt", "");
  RunDirectory::clear_finished(folder / "run", /*may_go_on=*/true);
  EXPECT_TRUE(is_file(folder / "run/checkpoint.pt"));
  EXPECT_FALSE(is_file(folder / "run/.lock"));
  {
    const auto lock = FileLock::try_take(folder / "run/.lock");
    RunDirectory::clear_finished(folder / "run", /*may_go_on=*/false);
    EXPECT_TRUE(is_file(folder / "run/checkpoint.pt")) << "of another process";
  }
  RunDirectory::clear_finished(folder / "run", /*may_go_on=*/false);
  for (const char* name : left) EXPECT_FALSE(is_file(folder / name)) << name;
  EXPECT_TRUE(is_file(folder / "run/model.pt"));
}

TEST(RunDirectory, OnlyARunsFolderCanBeOpened) {
  TemporaryFolder folder;
  folder.write("run/config.yaml", "seed: 1\n...\n");
  folder.write("cut/config.yaml", "seed: 1\n");
  folder.write("run/checkpoint.pt", "");
  folder.write("text.txt", "");
  folder.write("empty/x", "");
  const auto refusal = [&](const std::string& name) {
    return message_of<ConfigError>([&] { RunDirectory::open(folder / name); });
  };
  for (const char* file : {"run/config.yaml", "run/checkpoint.pt"}) {
    expect_contains(refusal(file), {file, "is a file of a run", "--resume " + (folder / "run")});
  }
  EXPECT_NO_THROW(RunDirectory::open(folder / "run")) << "what the message says";
  expect_contains(refusal("cut"), {"cut/config.yaml", "cut off", "whole file"});
  expect_contains(refusal("text.txt"), {"is a file", "give its folder"});
  expect_contains(refusal("nowhere"), {"nowhere", "no such folder", "give its folder"});
  expect_contains(refusal("empty"), {"not a run directory", "config.yaml"});
}

TEST(RunDirectory, KeepsTheWholeLinesOfEpochs) {
  TemporaryFolder folder;
  const RunDirectory run = RunDirectory::create(config_for(folder / "run"));
  for (int epoch = 0; epoch < 4; ++epoch) {
    run.append_metrics("{\"epoch\":" + std::to_string(epoch) + "}");
  }
  const auto lines = [&] { return read_file(run.file("metrics.jsonl")); };
  write_file_atomically(run.file("metrics.jsonl"), lines() + "{\"epo");
  run.keep_metrics(4);
  EXPECT_EQ(lines(), "{\"epoch\":0}\n{\"epoch\":1}\n{\"epoch\":2}\n{\"epoch\":3}\n");
  run.keep_metrics(1);
  EXPECT_EQ(lines(), "{\"epoch\":0}\n{\"epoch\":1}\n");
  run.keep_metrics(0);
  EXPECT_EQ(lines(), "{\"epoch\":0}\n") << "the start";
  run.keep_metrics(std::nullopt);
  EXPECT_EQ(lines(), "");
}

}  // namespace
}  // namespace transfer
