#include "datasets/groups.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "configs/group_pattern.h"
#include "core/errors.h"
#include "datasets/group_split.h"
#include "datasets/split.h"
#include "tests/datasets/image_folders.h"

namespace transfer {
namespace {

/// `images` images for each patient; patient p has label p mod `classes`, every third image the
/// next label.
std::vector<Sample> patients(int count, int images, int classes) {
  std::vector<Sample> samples;
  for (int p = 0; p < count; ++p) {
    for (int i = 0; i < images; ++i) {
      samples.push_back({fmt::format("p{}/{}", p, i), (p + (i % 3 == 2 ? 1 : 0)) % classes});
      samples.back().kept_with = p;
    }
  }
  return samples;
}

std::set<std::int64_t> groups_of(const std::vector<Sample>& samples) {
  std::set<std::int64_t> groups;
  for (const Sample& sample : samples) groups.insert(sample.kept_with);
  return groups;
}

void expect_apart(const std::vector<Sample>& one, const std::vector<Sample>& other) {
  const auto groups = groups_of(other);
  for (const std::int64_t group : groups_of(one)) EXPECT_FALSE(groups.contains(group)) << group;
}

TEST(Groups, ASplitTakesWholeGroupsAndKeepsTheProportions) {
  const auto samples = patients(40, 9, 3);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto [kept, taken] = stratified_split(samples, 0.2, seed);
    expect_apart(kept, taken);
    for (std::int64_t label = 0; label < 3; ++label) {
      const auto all = static_cast<double>(count_label(samples, label));
      EXPECT_NEAR(static_cast<double>(count_label(taken, label)) / all, 0.2, 0.06) << label;
    }
  }
  EXPECT_NE(groups_of(stratified_split(samples, 0.2, 1).second),
            groups_of(stratified_split(samples, 0.2, 2).second));
}

TEST(Groups, AClassOfTwoLargeGroupsIsValidatedToo) {
  auto samples = patients(2, 30, 1);
  const auto [kept, taken] = stratified_split(samples, 0.1, 1);
  EXPECT_EQ(taken.size(), 30U);
  samples.resize(30);
  EXPECT_TRUE(stratified_split(samples, 0.1, 1).second.empty()) << "the last group of a class";
}

TEST(Groups, FoldsAreWholeGroupsOfNearlyTheSameClasses) {
  const auto samples = patients(25, 8, 2);
  std::multiset<std::string> left_out;
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const auto [rest, part] = stratified_fold(samples, 5, fold, 3);
    expect_apart(rest, part);
    EXPECT_EQ(part.size(), 40U);
    EXPECT_NEAR(static_cast<double>(count_label(part, 0)), 20, 4);
    for (const Sample& sample : part) left_out.insert(sample.path);
  }
  EXPECT_EQ(left_out.size(), samples.size());
}

TEST(Groups, CopiesTieGroupsTogether) {
  std::vector<LabelledFile> files(6);
  files[0].group = files[1].group = "a";
  files[2].group = "b";
  files[3].group = "c";
  const auto numbers = kept_together(files, {-1, 4, 4, -1, -1, -1});
  EXPECT_EQ(numbers[0], numbers[1]);
  EXPECT_EQ(numbers[1], numbers[2]);
  EXPECT_NE(numbers[3], numbers[0]);
  EXPECT_GE(numbers[3], 0);
  EXPECT_EQ(numbers[4], -1);
}

class GroupsOfData : public ::testing::Test {
 protected:
  /// A table of 6 patients per class with 4 images each.
  std::string table(const std::string& header, bool is_number = false) {
    std::string text = header + "\n";
    for (int i = 0; i < 48; ++i) {
      const auto name = fmt::format("p/{}_{}.png", i / 4, i % 4);
      folder_.write(name, image_bytes(i));
      text += fmt::format("{},{},{}\n", name, is_number ? i * 7 : i / 24, 100 + i / 4);
    }
    return folder_.write("data.csv", text);
  }

  TemporaryFolder folder_;
};

TEST_F(GroupsOfData, AColumnOfGroupsKeepsThemOnOneSide) {
  const DataConfig config = config_for(table("path,label,Group"));
  const Dataset data = open_dataset(config, 1);
  expect_apart(data.train, data.val);
  EXPECT_EQ(data.findings.groups, 12);
  EXPECT_EQ(count_label(data.val, 0), 4);
  EXPECT_EQ(count_label(data.val, 1), 4);
  expect_contains(data.findings.notes.back(), {"48 images in 12 groups"});
}

TEST_F(GroupsOfData, AColumnOfGroupsIsNoTarget) {
  const DataConfig config = config_for(table("path,weight,group", /*is_number=*/true));
  const Dataset data = open_dataset(config, 1, TargetKind::kValues);
  EXPECT_THAT(data.classes, testing::ElementsAre("weight"));
  expect_apart(data.train, data.val);
}

TEST_F(GroupsOfData, AnotherColumnIsNamed) {
  DataConfig config = config_for(table("path,label,patient"));
  EXPECT_EQ(open_dataset(config, 1).findings.groups, 0);
  config.columns = {"group=patient"};
  EXPECT_EQ(open_dataset(config, 1).findings.groups, 12);
  config.folds = 5;
  const Dataset data = open_dataset(config, 1);
  expect_apart(data.train, data.val);
  config.folds = 13;
  expect_contains(message_of<DataError>([&] { open_dataset(config, 1); }),
                  {"12 groups", "13 folds"});
}

TEST_F(GroupsOfData, FileNamesGiveGroups) {
  table("path,label,other");
  DataConfig config = config_for(folder_ / "data.csv");
  config.group_by = "^([0-9]+)_";
  const Dataset data = open_dataset(config, 1);
  expect_apart(data.train, data.val);
  EXPECT_EQ(data.findings.groups, 12);
  config.group_by = "^p/1";  // a slash: the path below the data
  EXPECT_EQ(open_dataset(config, 1).findings.groups, 1);
  config.group_by = "frame";
  expect_contains(message_of<DataError>([&] { open_dataset(config, 1); }),
                  {"data.group_by 'frame' matches none of the file names, such as 0_0.png"});
  config.group_by = "/q/(.)";
  expect_contains(message_of<DataError>([&] { open_dataset(config, 1); }),
                  {"none of the paths below the data, such as p/0_0.png"});
}

TEST(GroupPattern, TakesTimeInProportionToTheName) {
  const GroupPattern pattern("(a+)+$");
  EXPECT_EQ(pattern.group_of(std::string(200, 'a') + ".png"), "");
  EXPECT_EQ(pattern.group_of("b" + std::string(200, 'a')), std::string(200, 'a'));
}

TEST(GroupPattern, TakesTheFirstPartOfTheFirstMatch) {
  EXPECT_EQ(GroupPattern("^(.+?)_").group_of("cat/a_b_c.png"), "a") << "not the longest";
  EXPECT_EQ(GroupPattern("x([0-9])|y([0-9])").group_of("y7"), "7");
  EXPECT_EQ(GroupPattern("film[0-9]+").group_of("film12_3.png"), "film12");
  EXPECT_EQ(GroupPattern("^(..)_").group_of("\xff\xfe_1.png"), "\xff\xfe") << "bytes";
  EXPECT_THROW(GroupPattern("(a)\\1"), ConfigError);
}

TEST(Groups, SplitsByHandThatBreakThemAreTold) {
  TemporaryFolder folder;
  int number = 0;
  for (const std::string split : {"train", "val", "test"}) {
    for (const std::string name : {"a", "b"}) {
      for (const std::string patient : {std::string("p1"), split == "val" ? "p1" : split + name}) {
        folder.write(split + "/" + name + "/" + patient + "-" + std::to_string(number) + ".png",
                     image_bytes(number));
        ++number;
      }
    }
  }
  DataConfig config = config_for(folder / "");
  config.group_by = "^([a-z0-9]+)-";
  Findings findings = open_dataset(config, 1).findings;
  EXPECT_THAT(findings.groups_across_splits, testing::ElementsAre("p1 (test, train, val)"));
  expect_contains(findings.warnings.back(), {"1 of 5 groups", "p1 (test, train, val)"});
}

TEST(Groups, ASingleGroupPerClassCannotBeDivided) {
  TemporaryFolder folder;
  add_images(folder, "a", 4, 0);
  add_images(folder, "b", 4, 100);
  DataConfig config = config_for(folder / "");
  config.group_by = "^(.)/";
  expect_contains(message_of<DataError>([&] { open_dataset(config, 1); }),
                  {"no image is left for validation", "single group"});
  config.folds = 2;
  expect_contains(message_of<DataError>([&] { open_dataset(config, 1); }),
                  {"class 'a' lies in a single group"});
}

}  // namespace
}  // namespace transfer
