#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "datasets/dataset.h"
#include "datasets/split.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

DataConfig config_for(const std::string& path) {
  DataConfig config;
  config.path = path;
  return config;
}

std::string open_error(const std::string& path) {
  return message_of<DataError>([&] { open_dataset(config_for(path), 0); });
}

/// `count` empty picture files of a class; readers never look inside.
void add_class(const TemporaryFolder& folder, const std::string& name, int count) {
  for (int i = 0; i < count; ++i) folder.write(name + "/" + std::to_string(i) + ".jpg", "");
}

std::set<std::string> paths(const std::vector<Sample>& samples) {
  std::set<std::string> result;
  for (const auto& sample : samples) result.insert(sample.path);
  return result;
}

std::int64_t count_label(const std::vector<Sample>& samples, std::int64_t label) {
  return std::count_if(samples.begin(), samples.end(),
                       [&](const Sample& sample) { return sample.label == label; });
}

TEST(FolderReader, SplitFoldersAreTaken) {
  TemporaryFolder folder;
  for (const std::string split : {"train", "validation", "test"}) {
    add_class(folder, split + "/b", 2);
    add_class(folder, split + "/A", 3);
  }
  const Dataset data = open_dataset(config_for(folder / ""), 0);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"A", "b"}));
  EXPECT_EQ(data.train.size(), 5U);
  EXPECT_EQ(data.val.size(), 5U);
  EXPECT_EQ(data.test.size(), 5U);
  EXPECT_TRUE(std::is_sorted(data.train.begin(), data.train.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
}

TEST(FolderReader, EndingsInAnyCaseHiddenAndOtherFilesLeftOut) {
  TemporaryFolder folder;
  for (const std::string name :
       {"1.JPG", "2.jpeg", "3.PNG", "4.bmp", "5.tif", "6.TIFF", "7.webp"}) {
    folder.write("a/" + name, "");
  }
  folder.write("a/notes.txt", "");
  folder.write("a/.hidden.jpg", "");
  add_class(folder, "b", 2);
  add_class(folder, ".cache", 2);
  const Dataset data = open_dataset(config_for(folder / ""), 0);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(data.train.size() + data.val.size(), 9U);
  ASSERT_EQ(data.skipped_files.size(), 1U);
  expect_contains(data.skipped_files[0], {"notes.txt"});
}

TEST(FolderReader, ErrorsNameWhatIsWrong) {
  TemporaryFolder folder;
  expect_contains(open_error(folder / "missing"), {"missing", "no such folder", "Expected"});
  std::filesystem::create_directories(folder / "empty");
  expect_contains(open_error(folder / "empty"), {"empty", "no class folders"});
  expect_contains(open_error(folder.write("data.txt", "x")), {"data.txt", "is a file", ".csv"});
  add_class(folder, "one/cats", 3);
  expect_contains(open_error(folder / "one"), {"one class only", "cats"});
  std::filesystem::create_directories(folder / "one/dogs");
  expect_contains(open_error(folder / "one"), {"one/dogs", "holds no pictures"});
  add_class(folder, "two/train/a", 2);
  add_class(folder, "two/train/b", 2);
  add_class(folder, "two/val/c", 2);
  expect_contains(open_error(folder / "two"), {"'c'", "a, b"});
}

TEST(FolderReader, SplitsWithoutTrainAreNoClasses) {
  TemporaryFolder folder;
  add_class(folder, "val/a", 2);
  add_class(folder, "test/a", 3);
  expect_contains(open_error(folder / ""), {"no picture is for training", "'train'"});
  EXPECT_EQ(open_for_evaluation(folder / "", "", {"a", "b"}).size(), 3U);
}

TEST(FolderReader, ListsPicturesRecursively) {
  TemporaryFolder folder;
  folder.write("b/2.jpg", "");
  folder.write("a.png", "");
  folder.write("b/c/1.jpg", "");
  folder.write("notes.txt", "");
  EXPECT_EQ(list_pictures(folder / "").size(), 3U);
  EXPECT_EQ(list_pictures(folder / "a.png"), std::vector<std::string>{folder / "a.png"});
  EXPECT_THROW(list_pictures(folder / "none"), DataError);
}

TEST(CsvReader, PathsStartAtTheCsvAndColumnsMayBeInAnyOrder) {
  TemporaryFolder folder;
  add_class(folder, "p", 4);
  const auto csv = folder.write("d/data.csv",
                                "split,label,path\ntrain,x,../p/0.jpg\ntrain,y,../p/1.jpg\n"
                                "valid,x,../p/2.jpg\ntest,y,../p/3.jpg\n");
  const Dataset data = open_dataset(config_for(csv), 0);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(data.train.size(), 2U);
  ASSERT_EQ(data.val.size(), 1U);
  EXPECT_EQ(data.val[0].label, 0);
  ASSERT_EQ(data.test.size(), 1U);
  EXPECT_EQ(data.test[0].label, 1);
}

TEST(CsvReader, ErrorsNameTheRow) {
  TemporaryFolder folder;
  add_class(folder, "p", 2);
  const auto error = [&](const std::string& text) {
    return open_error(folder.write("data.csv", text));
  };
  expect_contains(error("path,kind\np/0.jpg,x\n"), {"data.csv:1", "'label'", "path, kind"});
  expect_contains(error("path,label\np/0.jpg,x\np/1.jpg,\n"), {"data.csv:3", "label is empty"});
  expect_contains(error("path,label\np/9.jpg,x\n"), {"data.csv:2", "p/9.jpg", "no such picture"});
  expect_contains(error("path,label\np/0.jpg,x,more\n"), {"data.csv:2", "found 3", "expected 2"});
  expect_contains(error("path,label,split\np/0.jpg,x,trian\n"), {"data.csv:2", "'trian'", "train"});
  expect_contains(error("path,label\n"), {"data.csv", "no rows"});
}

TEST(Split, IsStratifiedDisjointAndDecidedByTheSeed) {
  TemporaryFolder folder;
  add_class(folder, "a", 40);
  add_class(folder, "b", 10);
  DataConfig config = config_for(folder / "");
  config.test_fraction = 0.1;
  const Dataset data = open_dataset(config, 7);
  EXPECT_EQ(count_label(data.test, 0), 4);
  EXPECT_EQ(count_label(data.test, 1), 1);
  EXPECT_EQ(count_label(data.val, 0), 7);
  EXPECT_EQ(count_label(data.val, 1), 2);
  std::set<std::string> all = paths(data.train);
  all.merge(paths(data.val));
  all.merge(paths(data.test));
  EXPECT_EQ(all.size(), 50U);
  EXPECT_EQ(paths(open_dataset(config, 7).val), paths(data.val));
  EXPECT_NE(paths(open_dataset(config, 8).val), paths(data.val));
}

TEST(Split, ALoneTrainFolderIsDividedAndTheLimitSparesTest) {
  TemporaryFolder folder;
  for (const std::string name : {"a", "b"}) {
    add_class(folder, "train/" + name, 20);
    add_class(folder, "test/" + name, 20);
  }
  DataConfig config = config_for(folder / "");
  config.max_per_class = 3;
  const Dataset data = open_dataset(config, 0);
  EXPECT_EQ(data.train.size(), 6U);
  EXPECT_EQ(data.val.size(), 6U);
  EXPECT_EQ(data.test.size(), 40U);
}

TEST(Split, NeverTakesTheLastPictureOfAClass) {
  const std::vector<Sample> samples = {{"a", 0}, {"b", 1}, {"c", 1}};
  const auto [kept, taken] = stratified_split(samples, 0.9, 0);
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(taken.size(), 1U);
}

TEST(Evaluation, ChoosesTheSplitAndUsesTheModelsClasses) {
  TemporaryFolder folder;
  for (const std::string split : {"train", "val"}) add_class(folder, split + "/b", 2);
  const auto samples = open_for_evaluation(folder / "", "", {"c", "b", "a"});
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].label, 1);
  expect_contains(samples[0].path, {"val/b"});
  EXPECT_EQ(open_for_evaluation(folder / "train", "", {"a", "b"}).size(), 2U);
}

TEST(Evaluation, UnknownClassesAndSplitsAreRefused) {
  TemporaryFolder folder;
  add_class(folder, "train/bird", 2);
  expect_contains(message_of<DataError>([&] { open_for_evaluation(folder / "", "", {"ant"}); }),
                  {"'bird'", "the model", "ant"});
  expect_contains(
      message_of<DataError>([&] { open_for_evaluation(folder / "", "test", {"bird"}); }),
      {"no split 'test'"});
}

}  // namespace
}  // namespace transfer
