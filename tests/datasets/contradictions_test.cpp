#include "datasets/contradictions.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/datasets/image_folders.h"

namespace transfer {
namespace {

std::string error_of(const std::string& path, TargetKind kind = TargetKind::kClass) {
  return message_of<DataError>([&] { open_dataset(config_for(path), 0, kind); });
}

TEST(Contradictions, ClassesThatLookTheSameAreRefused) {
  const std::pair<std::string, std::string> pairs[] = {{"red", "red "},
                                                       {"hot dog", "hot  dog"},
                                                       {"hot dog", "hot\u00A0dog"},
                                                       {"caf\u00E9", "cafe\u0301"},
                                                       {"\u30AC", "\u30AB\u3099"}};
  for (const auto& [one, other] : pairs) {
    TemporaryFolder folder;
    add_class(folder, one, 3);
    add_class(folder, other, 3);
    expect_contains(error_of(folder / ""), {"'" + one + "'", "'" + other + "'", "same name"});
  }
}

TEST(Contradictions, ClassesOfTwoSplitsAreComparedToo) {
  TemporaryFolder folder;
  for (const std::string name : {"train/caf\u00E9", "train/b", "val/cafe\u0301", "val/b"}) {
    add_class(folder, name, 2);
  }
  expect_contains(error_of(folder / ""), {"Unicode form"});
  expect_contains(message_of<DataError>([&] {
                    open_for_evaluation(folder / "", "train", {"b", "cafe\u0301"});
                  }),
                  {"Unicode form"});
}

TEST(Contradictions, CapitalLettersMakeAClassOfTheirOwnWithAWarning) {
  TemporaryFolder folder;
  for (const std::string name : {"cat", "Cat", "dog"}) add_class(folder, name, 3);
  const Dataset data = open_dataset(config_for(folder / ""), 0);
  EXPECT_EQ(data.classes.size(), 3U);
  ASSERT_EQ(data.findings.warnings.size(), 1U);
  expect_contains(data.findings.warnings[0], {"'Cat' and 'cat'", "capital"});
}

TEST(Contradictions, AnUnknownClassThatLooksLikeAKnownOneIsHinted) {
  TemporaryFolder folder;
  add_class(folder, "Cat", 2);
  expect_contains(message_of<DataError>([&] {
                    open_for_evaluation(folder / "", "", {"cat", "dog"});
                  }),
                  {"'Cat'", "the model", "'cat' differ only in"});
}

TEST(Contradictions, APathWithTwoClassesIsRefused) {
  TemporaryFolder folder;
  add_images(folder, "p", 3, 0);
  const auto write = [&](const std::string& rows) {
    return folder.write("data.csv", "path,label\n" + rows);
  };
  expect_contains(error_of(write("p/0.png,a\np/1.png,b\np/../p/0.png,b\n")),
                  {"data.csv:4", "'b' here and 'a' in line 2", "head.loss=binary_cross_entropy"});
  const auto labels = write("p/0.png,a\np/1.png,b\np/0.png,b\n");
  expect_contains(error_of(labels, TargetKind::kLabels), {"data.csv:4", "one row", "line 2"});
  const auto same = write("p/0.png,a|b\np/1.png,b\np/0.png,b|a\np/2.png,a\n");
  EXPECT_EQ(open_dataset(config_for(same), 0, TargetKind::kLabels).findings.copies, 1);
}

TEST(Contradictions, APathWithTwoNumbersIsWarnedOf) {
  TemporaryFolder folder;
  add_images(folder, "p", 3, 0);
  const auto csv = folder.write("data.csv", "path,y\np/0.png,1\np/1.png,2\np/0.png,3\np/2.png,4\n");
  const Dataset data = open_dataset(config_for(csv), 0, TargetKind::kValues);
  ASSERT_FALSE(data.findings.warnings.empty());
  expect_contains(data.findings.warnings[0], {"1 rows", "p/0.png in lines 2 and 4"});
}

TEST(Contradictions, CopiesUnderTwoLabelsAreWarnedOf) {
  TemporaryFolder folder;
  add_images(folder, "a", 5, 0);
  add_images(folder, "b", 5, 4);
  const Dataset data = open_dataset(config_for(folder / ""), 0);
  ASSERT_EQ(data.findings.copies_under_two_labels.size(), 1U);
  expect_contains(data.findings.warnings.front(), {"a/4.png", "b/0.png", "different targets"});
}

TEST(Contradictions, AClassThatValLacksIsNamed) {
  TemporaryFolder folder;
  for (const std::string name : {"train/a", "train/b", "train/c", "val/b"}) {
    add_class(folder, name, 2);
  }
  EXPECT_EQ(open_dataset(config_for(folder / ""), 0).findings.missing_in_val,
            (std::vector<std::string>{"a", "c"}));
  add_images(folder, "p", 4, 0);
  const auto csv = folder.write("data.csv",
                                "path,label,split\np/0.png,a|b,train\np/1.png,b,train\n"
                                "p/2.png,a,val\np/3.png,,val\n");
  EXPECT_EQ(open_dataset(config_for(csv), 0, TargetKind::kLabels).findings.missing_in_val,
            std::vector<std::string>{"b"});
}

TEST(Skipped, EverythingLeftOutHasItsReason) {
  TemporaryFolder folder;
  add_class(folder, "a", 2);
  add_class(folder, "b", 2);
  add_class(folder, ".net/deep", 2);
  add_class(folder, ".ipynb_checkpoints", 2);
  folder.write(".notes/x.txt", "no image inside");
  folder.write("loose.jpg", "");
  folder.write("README.md", "");
  folder.write("a/._0.jpg", "Apple's companion of 0.jpg");
  std::filesystem::create_symlink("nowhere", folder / "gone");
  std::filesystem::create_symlink("nowhere", folder / "b/gone");
  std::map<std::string, SkipReason> reasons;
  for (const auto& file : open_dataset(config_for(folder / ""), 0).findings.skipped) {
    reasons[std::filesystem::path(file.path).lexically_relative(folder.path()).string()] =
        file.reason;
  }
  const std::map<std::string, SkipReason> expected = {{".net/", SkipReason::kHidden},
                                                      {"loose.jpg", SkipReason::kOutsideClasses},
                                                      {"README.md", SkipReason::kNoImageEnding},
                                                      {"gone", SkipReason::kDanglingLink},
                                                      {"b/gone", SkipReason::kDanglingLink}};
  EXPECT_EQ(reasons, expected);
}

TEST(Skipped, MessagesCountAndNameFive) {
  std::vector<SkippedFile> skipped;
  for (int i = 0; i < 7; ++i) {
    skipped.push_back({std::to_string(i) + ".txt", SkipReason::kNoImageEnding});
  }
  skipped.push_back({"x", SkipReason::kDanglingLink});
  const auto messages = skip_messages(skipped);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].text, "skipped 1 link that leads nowhere: x");
  EXPECT_TRUE(messages[0].is_warning);
  expect_contains(messages[1].text,
                  {"skipped 7 files", "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more"});
  EXPECT_FALSE(messages[1].is_warning);
}

}  // namespace
}  // namespace transfer
