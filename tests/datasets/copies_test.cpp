#include "datasets/copies.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "datasets/split.h"
#include "tests/datasets/image_folders.h"

namespace transfer {
namespace {

std::string open_error(const DataConfig& config, TargetKind kind = TargetKind::kClass) {
  return message_of<DataError>([&] { open_dataset(config, 0, kind); });
}

TEST(Copies, OnlyTheSameBytesOfImagesAreOne) {
  TemporaryFolder folder;
  const std::string large(20'000, 'x');
  std::vector<LabelledFile> files;
  const auto add = [&](const std::string& name, const std::string& bytes) {
    files.push_back({folder.write(name, bytes), {"a"}, ""});
  };
  add("0.png", image_bytes(1) + large);
  add("1.png", image_bytes(2) + large);  // the same size and the same middle
  add("2.png", image_bytes(1) + large);
  add("3.png", image_bytes(3));
  add("4.png", "");
  add("5.png", "");
  add("6.png", "<html>not found</html>");
  add("7.png", "<html>not found</html>");
  std::filesystem::create_hard_link(folder / "3.png", folder / "8.png");
  files.push_back({folder / "8.png", {"a"}, ""});
  files.push_back({folder / "absent.png", {"a"}, ""});
  const auto groups = copy_groups(files);
  EXPECT_EQ(groups[0], groups[2]);
  EXPECT_GE(groups[0], 0);
  EXPECT_EQ(groups[3], groups[8]);
  EXPECT_GE(groups[3], 0);
  EXPECT_NE(groups[0], groups[3]);
  for (const std::size_t alone : {1, 4, 5, 6, 7, 9}) EXPECT_EQ(groups[alone], -1) << alone;
}

TEST(Copies, ImagesInMemoryAreComparedByTheirPixels) {
  auto array = std::make_shared<ImageArray>();
  array->height = 1;
  array->width = 3;
  array->pixels = "abcabdabc";
  std::vector<LabelledFile> files(3);
  for (std::size_t i = 0; i < 3; ++i) {
    files[i].array = array;
    files[i].position = static_cast<std::int64_t>(i);
  }
  const auto groups = copy_groups(files);
  EXPECT_EQ(groups[0], groups[2]);
  EXPECT_EQ(groups[1], -1);
}

TEST(Copies, ImagesInTwoSplitsOfTheUserAreRefusedUnlessAllowed) {
  for (const std::string split : {"val", "test"}) {
    TemporaryFolder folder;
    add_images(folder, "train/a", 4, 0);
    add_images(folder, "train/b", 4, 100);
    add_images(folder, "val/a", 2, 200);
    add_images(folder, "val/b", 2, 300);
    add_images(folder, split + "/b", 3, 101);
    DataConfig config = config_for(folder / "");
    expect_contains(open_error(config),
                    {"3 of ", split + " images are also in train", "byte for byte",
                     split + "/b/0.png", "train/b/1.png", "data.allow_leakage=true"});
    config.allow_leakage = true;
    const Dataset data = open_dataset(config, 0);
    EXPECT_EQ(data.findings.copies_across_splits.size(), 3U);
    ASSERT_EQ(data.findings.warnings.size(), 1U);
    expect_contains(data.findings.warnings[0], {"3 of ", split});
  }
}

TEST(Copies, ValAndTestMustNotShareImagesEither) {
  TemporaryFolder folder;
  for (const std::string name : {"a", "b"}) {
    const int first = name == "a" ? 0 : 100;
    add_images(folder, "train/" + name, 3, first);
    add_images(folder, "val/" + name, 2, first + 10);
    add_images(folder, "test/" + name, 3, first + 11);
  }
  expect_contains(open_error(config_for(folder / "")), {"2 of 6 test images are also in val"});
}

TEST(Copies, APathInTwoSplitsOfATableIsRefused) {
  TemporaryFolder folder;
  add_images(folder, "p", 4, 0);
  const auto csv = folder.write("data.csv",
                                "path,label,split\np/0.png,a,train\np/1.png,b,train\n"
                                "./p/0.png,a,val\np/2.png,b,val\n");
  expect_contains(open_error(config_for(csv)), {"1 of 2 val images", "./p/0.png", "p/0.png"});
}

TEST(Copies, WithFoldsTrainAndValAreOneAndTestIsNot) {
  TemporaryFolder folder;
  for (const std::string split : {"train", "val"}) {
    add_images(folder, split + "/a", 4, 0);
    add_images(folder, split + "/b", 4, 100);
  }
  DataConfig config = config_for(folder / "");
  config.folds = 4;
  for (config.fold = 1; config.fold <= 4; ++config.fold) {
    const Dataset data = open_dataset(config, 3);
    EXPECT_EQ(data.val.size(), 4U);
    std::set<std::int64_t> groups;
    for (const Sample& sample : data.val) groups.insert(sample.copy_group);
    for (const Sample& sample : data.train) {
      EXPECT_FALSE(groups.contains(sample.copy_group)) << sample.path;
    }
  }
  config.fold = 1;
  add_images(folder, "test/a", 1, 0);
  expect_contains(open_error(config), {"1 of 1 test images are also in train"});
}

TEST(Copies, OurOwnSplitsKeepThemTogether) {
  TemporaryFolder folder;
  add_images(folder, "a", 20, 0);
  add_images(folder, "b", 20, 100);
  for (int i = 0; i < 10; ++i) {
    folder.write("a/copy" + std::to_string(i) + ".png", image_bytes(i / 2));
  }
  DataConfig config = config_for(folder / "");
  config.test_fraction = 0.2;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Dataset data = open_dataset(config, seed);
    EXPECT_EQ(data.findings.copies, 10);
    std::map<std::int64_t, std::set<const void*>> splits;
    for (const auto* split : {&data.train, &data.val, &data.test}) {
      for (const Sample& sample : *split) {
        if (sample.copy_group >= 0) splits[sample.copy_group].insert(split);
      }
    }
    EXPECT_EQ(splits.size(), 5U);
    for (const auto& [group, of] : splits) EXPECT_EQ(of.size(), 1U);
    EXPECT_NEAR(static_cast<double>(count_label(data.test, 0)), 6, 2);
    EXPECT_GE(count_label(data.val, 0), 1);
  }
}

TEST(Copies, AClassOfNothingButCopiesStaysInTrain) {
  std::vector<Sample> samples;
  for (int i = 0; i < 8; ++i) {
    samples.push_back({std::to_string(i), i / 4});
    if (i < 4) samples.back().copy_group = samples.back().kept_with = 0;
  }
  const auto [kept, taken] = stratified_split(samples, 0.5, 1);
  EXPECT_EQ(count_label(kept, 0), 4);
  EXPECT_EQ(count_label(taken, 1), 2);
}

TEST(Copies, TheSmallestGroupIsTakenWhereAllAreTooLarge) {
  std::vector<Sample> samples;
  for (int i = 0; i < 9; ++i) {
    samples.push_back({std::to_string(i), 0});
    samples.back().copy_group = samples.back().kept_with = i < 5 ? 0 : 1;
  }
  const auto [kept, taken] = stratified_split(samples, 0.2, 1);
  EXPECT_EQ(taken.size(), 4U);
}

TEST(Copies, AreDividedWithAWarningWhereThereIsNothingElse) {
  TemporaryFolder folder;
  for (const std::string name : {"a", "b"}) {
    for (int i = 0; i < 10; ++i) {
      folder.write(name + "/" + std::to_string(i) + ".png", image_bytes(name == "a" ? 1 : 2));
    }
  }
  const Dataset data = open_dataset(config_for(folder / ""), 1);
  EXPECT_EQ(data.val.size(), 4U);
  EXPECT_EQ(data.train.size(), 16U);
  ASSERT_FALSE(data.findings.warnings.empty());
  expect_contains(data.findings.warnings.back(), {"copies", "validation", "Add images"});
}

TEST(Copies, FoldsOfAClassWithOneImageAndItsCopyAreRefused) {
  TemporaryFolder folder;
  add_images(folder, "a", 4, 0);
  add_images(folder, "b", 1, 100);
  folder.write("b/copy.png", image_bytes(100));
  DataConfig config = config_for(folder / "");
  config.folds = 2;
  expect_contains(open_error(config), {"class 'b' has a single image", "Copies"});
}

}  // namespace
}  // namespace transfer
