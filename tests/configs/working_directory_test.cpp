#include "configs/working_directory.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/errors.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Two folders: the one in which a run began, and the current one of the test.
class WorkingDirectory : public testing::Test {
 protected:
  WorkingDirectory() : before_(fs::current_path()) {
    std::string pattern = (fs::temp_directory_path() / "working-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(folder_ / "began/data");
    fs::create_directories(folder_ / "here");
    fs::current_path(folder_ / "here");
  }
  ~WorkingDirectory() override {
    fs::current_path(before_);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  Config read(const std::string& yaml, const std::vector<std::string>& settings = {}) const {
    std::ofstream(folder_ / "run.yaml") << yaml;
    ConfigSources sources;
    sources.files = {folder_ / "run.yaml"};
    sources.settings = settings;
    return resolve_config(sources, kStrategies);
  }
  std::string began() const { return (folder_ / "began").string(); }

  fs::path folder_;
  fs::path before_;
};

TEST_F(WorkingDirectory, RelativePathsAreThoseOfTheFolderWhereTheRunBegan) {
  std::ofstream(folder_ / "began/net.pt") << "x";
  const Config config = read("working_directory: " + began() +
                             "\nbackbone: net.pt\ndata: {path: data}\ncache: {dir: ../store}\n"
                             "train: {teacher: runs/a}\n");
  EXPECT_EQ(config.data.path, began() + "/data");
  EXPECT_EQ(config.backbone, began() + "/net.pt");
  EXPECT_EQ(config.cache.dir, (folder_ / "store").string());
  EXPECT_EQ(config.train.teacher, began() + "/runs/a");
}

TEST_F(WorkingDirectory, NamesAbsolutePathsAndLaterSettingsStay) {
  const std::string file = "working_directory: " + began() + "\ndata: {path: /abs/data}\n";
  EXPECT_EQ(read(file).data.path, "/abs/data");
  EXPECT_EQ(read(file + "backbone: efficientnet-lite0\n").backbone, "efficientnet-lite0");
  EXPECT_EQ(read(file + "backbone: flatten\n").backbone, "flatten");
  EXPECT_EQ(read(file, {"data.path=other"}).data.path, "other") << "of the current folder";
}

TEST_F(WorkingDirectory, AProjectThatHasMovedIsFoundInTheCurrentFolder) {
  fs::create_directories(folder_ / "here/moved");
  EXPECT_EQ(read("working_directory: " + began() + "\ndata: {path: moved}\n").data.path, "moved");
  EXPECT_EQ(read("working_directory: /gone/folder\ndata: {path: moved}\n").data.path, "moved");
  EXPECT_EQ(read("working_directory: /gone/folder\ndata: {path: data}\n").data.path,
            "/gone/folder/data")
      << "the message names it in full";
}

TEST_F(WorkingDirectory, IsWrittenAndReadBack) {
  Config config = read("data: {path: data}\n");
  const std::string text = to_yaml(config, began() + "/a: b");
  EXPECT_THAT(text, HasSubstr("working_directory: "));
  EXPECT_EQ(read(text).data.path, began() + "/a: b/data");
  EXPECT_EQ(read(to_yaml(config, fs::current_path())).data.path, "data") << "still the same folder";
}

TEST_F(WorkingDirectory, ARelativeOneIsRefused) {
  for (const char* value : {"began", "[1]", "''"}) {
    try {
      read(std::string("seed: 1\nworking_directory: ") + value + "\n");
      FAIL() << value;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("run.yaml:2: working_directory: expected the absolute"));
    }
  }
  EXPECT_EQ(read("seed: 1\n").seed, 1) << "the line left out, as the message says";
}

}  // namespace
}  // namespace transfer
