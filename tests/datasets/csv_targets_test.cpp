#include <gtest/gtest.h>

#include "tests/datasets/image_folders.h"

namespace transfer {
namespace {

TEST(CsvReader, NumbersComeFromEveryOtherColumnOrThoseNamed) {
  TemporaryFolder folder;
  add_class(folder, "p", 4);
  DataConfig config = config_for(
      folder.write("data.csv",
                   "a,path,b,split\n1,p/0.jpg,-2.5,train\n2,p/1.jpg,1e3,train\n0.5,p/2.jpg,0,val\n"
                   "3,p/3.jpg,7,test\n"));
  const Dataset all = open_dataset(config, 0, TargetKind::kValues);
  EXPECT_EQ(all.classes, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(all.train.size(), 2U);
  EXPECT_EQ(all.train[0].targets, (std::vector<float>{1, -2.5F}));
  EXPECT_EQ(all.val[0].targets, (std::vector<float>{0.5F, 0}));
  EXPECT_EQ(all.test[0].label, 0);
  config.targets = {"b"};
  const Dataset one = open_dataset(config, 0, TargetKind::kValues);
  EXPECT_EQ(one.classes, (std::vector<std::string>{"b"}));
  EXPECT_EQ(one.train[1].targets, (std::vector<float>{1000}));
  const auto evaluated = open_for_evaluation(config.path, "", {"b", "a"}, TargetKind::kValues);
  EXPECT_EQ(evaluated.samples[0].targets, (std::vector<float>{7, 3})) << "the model's order";
}

TEST(CsvReader, WhatIsNoNumberIsRefusedWithRowAndRemedy) {
  TemporaryFolder folder;
  add_class(folder, "p", 2);
  const auto error = [&](const std::string& text, const std::vector<std::string>& targets = {}) {
    DataConfig config = config_for(folder.write("data.csv", text));
    config.targets = targets;
    return message_of<DataError>([&] { open_dataset(config, 0, TargetKind::kValues); });
  };
  for (const std::string value : {"high", "1,5", "nan", "inf", "1e300", "0x10", "1 2", "1 cm"}) {
    expect_contains(
        error("path,y\np/0.jpg,1\np/1.jpg,\"" + value + "\"\n"),
        {"data.csv:3", "'y' holds '" + value + "'", "a number such as", "data.targets"});
  }
  expect_contains(error("path,y\np/0.jpg,\n"), {"data.csv:2", "'y' is empty"});
  expect_contains(error("path,split\np/0.jpg,train\n"), {"data.csv:1", "no column of numbers"});
  expect_contains(error("path,weight\np/0.jpg,1\n", {"wieght"}),
                  {"data.csv:1", "'wieght'", "path, weight", "did you mean 'weight'?"});
  expect_contains(error("path,y\np/0.jpg,1\n", {"path"}), {"data.csv:1", "no column 'path'"});
  expect_contains(error("path,y,y\np/0.jpg,1,2\n"), {"data.csv:1", "'y' occurs twice"});
  expect_contains(error("y,label\n1,a\n"), {"data.csv:1", "'path' is missing"});
  expect_contains(error("path,x,y\np/0.jpg,1,2\np/1.jpg,2,2\n"),
                  {"'y' is 2 in every training image", "data.targets"});
  expect_contains(message_of<DataError>(
                      [&] { open_dataset(config_for(folder / "p"), 0, TargetKind::kValues); }),
                  {"a folder has no numbers", "CSV"});
  const auto csv = folder.write("other.csv", "path,z\np/0.jpg,1\np/1.jpg,2\n");
  expect_contains(
      message_of<DataError>([&] { open_for_evaluation(csv, "", {"y"}, TargetKind::kValues); }),
      {"other.csv:1", "no column 'y'", "path, z"});
}

TEST(CsvReader, ACellMayHoldSeveralLabelsOrNone) {
  TemporaryFolder folder;
  add_class(folder, "p", 4);
  const auto csv = folder.write("data.csv",
                                "path,label,split\np/0.jpg,cat|dog,train\np/1.jpg,,train\n"
                                "p/2.jpg,dog|dog,val\np/3.jpg,bird|cat,train\n");
  const Dataset data = open_dataset(config_for(csv), 0, TargetKind::kLabels);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"bird", "cat", "dog"}));
  EXPECT_EQ(data.train[0].targets, (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(data.train[1].targets, (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(data.val[0].targets, (std::vector<float>{0, 0, 1}));
  EXPECT_EQ(data.train[2].label, 0);
  expect_contains(message_of<DataError>([&] { open_dataset(config_for(csv), 0); }),
                  {"data.csv:2", "several labels ('cat|dog')", "head.loss=binary_cross_entropy"});
  expect_contains(message_of<DataError>([&] {
                    open_for_evaluation(csv, "train", {"cat", "dog"}, TargetKind::kLabels);
                  }),
                  {"data.csv:5", "'bird'", "the model", "cat, dog"});
  const auto open_labels = [&](const std::string& text) {
    const auto file = folder.write("bad.csv", text);
    return message_of<DataError>([&] { open_dataset(config_for(file), 0, TargetKind::kLabels); });
  };
  expect_contains(open_labels("path,label\np/0.jpg,cat||dog\n"), {"bad.csv:2", "an empty label"});
  expect_contains(open_labels("path,label\np/0.jpg,\np/1.jpg,\n"), {"no training image has"});
  expect_contains(open_labels("path,label\np/0.jpg,a\np/1.jpg,a\n"), {"the only label ('a')"});
}

TEST(Split, OneLabelEachIsStratifiedSeveralAreDividedAtRandom) {
  TemporaryFolder folder;
  add_class(folder, "a", 40);
  add_class(folder, "b", 10);
  const Dataset classes = open_dataset(config_for(folder / ""), 3, TargetKind::kLabels);
  EXPECT_EQ(count_label(classes.val, 1), 2);
  EXPECT_EQ(classes.val[0].targets.size(), 2U);
  std::string text = "path,y\n";
  for (int i = 0; i < 40; ++i)
    text += "a/" + std::to_string(i) + ".jpg," + std::to_string(i) + "\n";
  DataConfig config = config_for(folder.write("numbers.csv", text));
  const Dataset numbers = open_dataset(config, 3, TargetKind::kValues);
  EXPECT_EQ(numbers.val.size(), 8U);
  EXPECT_EQ(paths(open_dataset(config, 3, TargetKind::kValues).val), paths(numbers.val));
  EXPECT_NE(paths(open_dataset(config, 4, TargetKind::kValues).val), paths(numbers.val));
  config.max_per_class = 5;
  EXPECT_EQ(open_dataset(config, 3, TargetKind::kValues).train.size(), 5U) << "in all";
}

}  // namespace
}  // namespace transfer
