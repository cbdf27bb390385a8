#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <set>

#include "core/cancellation.h"
#include "datasets/dataset.h"
#include "datasets/split.h"
#include "tests/datasets/image_folders.h"

namespace transfer {
namespace {

std::string open_error(const std::string& path) {
  return message_of<DataError>([&] { open_dataset(config_for(path), 0); });
}

TEST(FolderReader, SplitFoldersAreTaken) {
  TemporaryFolder folder;
  for (const std::string split : {"Train", "validation", "TEST"}) {
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
  const auto& skipped = data.findings.skipped;
  ASSERT_EQ(skipped.size(), 2U) << "litter such as .cache is not worth a word";
  expect_contains(skipped[0].path, {"a/.hidden.jpg"});
  EXPECT_EQ(skipped[0].reason, SkipReason::kHidden);
  expect_contains(skipped[1].path, {"a/notes.txt"});
  EXPECT_EQ(skipped[1].reason, SkipReason::kNoImageEnding);
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
  expect_contains(open_error(folder / "one"), {"one/dogs", "holds no images"});
  add_class(folder, "two/train/a", 2);
  add_class(folder, "two/train/b", 2);
  add_class(folder, "two/val/c", 2);
  expect_contains(open_error(folder / "two"), {"'c'", "a, b"});
}

TEST(FolderReader, SplitsWithoutTrainAreNoClasses) {
  TemporaryFolder folder;
  add_class(folder, "val/a", 2);
  add_class(folder, "test/a", 3);
  expect_contains(open_error(folder / ""), {"no image is for training", "'train'"});
  const EvaluationData data = open_for_evaluation(folder / "", "", {"a", "b"});
  EXPECT_EQ(data.split, "test");
  EXPECT_EQ(data.samples.size(), 3U);
}

TEST(FolderReader, AClassMayBeCalledTrain) {
  TemporaryFolder folder;
  add_class(folder, "car", 4);
  add_class(folder, "train", 4);
  const Dataset data = open_dataset(config_for(folder / ""), 0);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"car", "train"}));
  EXPECT_EQ(data.train.size() + data.val.size(), 8U);
}

TEST(FolderReader, FoldersBesideTheSplitsAreNamed) {
  TemporaryFolder folder;
  for (const std::string name : {"train/a", "train/b", "val/a", "old/a"}) {
    add_class(folder, name, 2);
  }
  folder.write("train/a/notes.txt", "");
  const Dataset data = open_dataset(config_for(folder / ""), 0);
  EXPECT_EQ(data.train.size(), 4U);
  ASSERT_EQ(data.findings.skipped.size(), 2U);
  expect_contains(data.findings.skipped[0].path, {"old/"});
  EXPECT_EQ(data.findings.skipped[0].reason, SkipReason::kBesideSplits);
}

TEST(FolderReader, LinksThatLeadInCirclesAreFollowedOnce) {
  TemporaryFolder folder;
  add_class(folder, "cat", 3);
  add_class(folder, "dog", 2);
  std::filesystem::create_directory_symlink(".", folder / "cat/self");
  std::filesystem::create_directory_symlink("..", folder / "cat/above");
  folder.write(".hidden/deep/1.jpg", "");
  std::filesystem::create_directory_symlink("../.hidden", folder / "dog/more");
  const Dataset data = open_dataset(config_for(folder / ""), 0);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data.train.size() + data.val.size(), 6U) << "3 cats, 2 dogs, and one by a link";
  EXPECT_EQ(list_images(folder / "").images.size(), 6U);
  std::vector<std::string> passed_over;
  for (const SkippedFile& file : data.findings.skipped) {
    if (file.reason == SkipReason::kReadBefore) passed_over.push_back(file.path);
  }
  EXPECT_EQ(passed_over, (std::vector<std::string>{folder / "cat/above/", folder / "cat/self/"}));
}

TEST(FolderReader, PathsThatCannotBeReachedAreRefusedInWords) {
  TemporaryFolder folder;
  expect_contains(open_error(folder / std::string(300, 'n')), {"File name too long", "Expected"});
  add_class(folder, "data/a", 2);
  add_class(folder, "data/b", 2);
  std::filesystem::create_symlink("loop.png", folder / "data/a/loop.png");
  EXPECT_EQ(list_images(folder / "data").images.size(), 5U) << "left to the decoder to refuse";
  EXPECT_THROW(list_images(folder / std::string(300, 'n')), DataError);
}

TEST(FolderReader, ClassNamesMustBeUtf8) {
  TemporaryFolder folder;
  add_class(folder, "B\xE4r", 2);
  add_class(folder, "Hund", 2);
  expect_contains(open_error(folder / ""), {"'B\\xE4r'", "not valid UTF-8", "Rename"});
}

TEST(FolderReader, TheWalkEndsOnASignal) {
  TemporaryFolder folder;
  add_class(folder, "a", 2);
  const std::string path = folder / "";
  const auto walk = [&path] {
    install_signal_handlers();
    std::raise(SIGINT);
    try {
      list_images(path);
    } catch (const Interrupted& stop) {
      std::_Exit(status_of(stop.exit_code()));
    }
    std::_Exit(1);
  };
  EXPECT_EXIT(walk(), testing::ExitedWithCode(130), "");
}

TEST(FolderReader, AClassThatIsALinkToTheClassesIsRefused) {
  TemporaryFolder folder;
  add_class(folder, "data/a", 2);
  add_class(folder, "data/b", 2);
  for (const std::string target : {"data", ""}) {
    std::filesystem::create_directory_symlink(folder / target, folder / "data/loop");
    expect_contains(message_of<DataError>([&] { open_dataset(config_for(folder / "data"), 0); }),
                    {"data/loop", "Remove the link"});
    std::filesystem::remove(folder / "data/loop");
  }
}

TEST(FolderReader, ListsImagesRecursively) {
  TemporaryFolder folder;
  folder.write("b/2.jpg", "");
  folder.write("a.png", "");
  folder.write("b/c/1.jpg", "");
  folder.write("notes.txt", "");
  EXPECT_EQ(list_images(folder / "").images.size(), 3U);
  EXPECT_EQ(list_images(folder / "a.png").images, std::vector<std::string>{folder / "a.png"});
  EXPECT_THROW(list_images(folder / "none"), DataError);
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
  expect_contains(error("path,label\np/9.jpg,x\n"), {"data.csv:2", "p/9.jpg", "no such image"});
  expect_contains(error("path,label\np/0.jpg,x,more\n"), {"data.csv:2", "found 3", "expected 2"});
  expect_contains(error("path,label,split\np/0.jpg,x,trian\n"), {"data.csv:2", "'trian'", "train"});
  expect_contains(error("path,label\n"), {"data.csv", "no rows"});
  expect_contains(error("path,label\np/0.jpg,x\n,y\n"), {"data.csv:3", "path is empty"});
  expect_contains(error("path,label\np,x\n"), {"data.csv:2", "is a folder", "image file"});
  expect_contains(error("path,label\n" + std::string(300, 'n') + ",x\n"),
                  {"data.csv:2", "File name too long"});
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

TEST(Split, ATestPartIsTakenFromALoneTrainFolderButNotBesideVal) {
  TemporaryFolder folder;
  for (const std::string name : {"a", "b"}) add_class(folder, "train/" + name, 20);
  DataConfig config = config_for(folder / "");
  config.test_fraction = 0.1;
  EXPECT_EQ(open_dataset(config, 0).test.size(), 4U);
  for (const std::string name : {"a", "b"}) add_class(folder, "val/" + name, 5);
  EXPECT_EQ(open_dataset(config, 0).test.size(), 0U);
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

TEST(Split, NeverTakesTheLastImageOfAClass) {
  const std::vector<Sample> samples = {{"a", 0}, {"b", 1}, {"c", 1}};
  const auto [kept, taken] = stratified_split(samples, 0.9, 0);
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(taken.size(), 1U);
}

TEST(Evaluation, ChoosesTheSplitAndUsesTheModelsClasses) {
  TemporaryFolder folder;
  for (const std::string split : {"train", "val"}) add_class(folder, split + "/b", 2);
  const EvaluationData chosen = open_for_evaluation(folder / "", "", {"c", "b", "a"});
  const std::vector<Sample>& samples = chosen.samples;
  EXPECT_EQ(chosen.split, "val");
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].label, 1);
  expect_contains(samples[0].path, {"val/b"});
  const EvaluationData all = open_for_evaluation(folder / "train", "", {"a", "b"});
  EXPECT_EQ(all.split, "") << "nothing is said about splits: everything";
  EXPECT_EQ(all.samples.size(), 2U);
}

TEST(Evaluation, RowsWithoutASplitAreForTrainingWhereOthersHaveOne) {
  TemporaryFolder folder;
  add_class(folder, "p", 5);
  const auto csv = folder.write("data.csv",
                                "path,label,split\np/0.jpg,x,\np/1.jpg,y,\np/2.jpg,x,\n"
                                "p/3.jpg,x,test\np/4.jpg,y,test\n");
  const EvaluationData data = open_for_evaluation(csv, "", {"x", "y"});
  EXPECT_EQ(data.split, "test");
  EXPECT_EQ(data.samples.size(), 2U);
  EXPECT_EQ(open_for_evaluation(csv, "train", {"x", "y"}).samples.size(), 3U);
}

TEST(Evaluation, UnknownClassesAndSplitsAreRefused) {
  TemporaryFolder folder;
  add_class(folder, "train/bird", 2);
  expect_contains(message_of<DataError>([&] { open_for_evaluation(folder / "", "", {"ant"}); }),
                  {"'bird'", "the model", "ant"});
  expect_contains(
      message_of<DataError>([&] { open_for_evaluation(folder / "", "test", {"bird"}); }),
      {"no split 'test'", "found: train", "Leave out --split"});
  add_class(folder, "flat/bird", 2);
  expect_contains(
      message_of<DataError>([&] { open_for_evaluation(folder / "flat", "val", {"bird"}); }),
      {"no split 'val'", "names no splits", "all images"});
}

}  // namespace
}  // namespace transfer
