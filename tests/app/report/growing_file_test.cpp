#include "app/report/growing_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GrowingFileTest : public ::testing::Test {
 protected:
  static GrowingFile::Identity identity(const std::string& model = "a") {
    return {{"model", model}, {"--top", 1}};
  }

  std::vector<std::string> rows_of(RowEnd row_end = RowEnd::kLineBreak) {
    std::vector<std::string> rows;
    auto file = GrowingFile::go_on(file_, identity(), row_end,
                                   [&](std::string_view row) { rows.emplace_back(row); });
    file.append("last\n");
    file.commit();
    return rows;
  }

  /// Leaves what a process that wrote `text` leaves when it is killed.
  void leave(const std::string& text) { GrowingFile::begin(file_, identity()).append(text); }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "rows.csv";
  const std::filesystem::path part_ = folder_.path() / "rows.csv.part";
};

TEST_F(GrowingFileTest, HasItsNameOnlyWhenItIsComplete) {
  {
    auto file = GrowingFile::begin(file_, identity());
    file.append("a\n");
    EXPECT_EQ(read_file(part_), "a\n") << "a reader sees what there is";
    EXPECT_FALSE(std::filesystem::exists(file_));
    file.append("b\n");
    file.commit();
  }
  EXPECT_EQ(read_file(file_), "a\nb\n");
  const auto entries = std::filesystem::directory_iterator(folder_.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "nothing else stays";
}

TEST_F(GrowingFileTest, GoesOnBehindTheLastWholeRow) {
  leave("a\nb\nhal");
  EXPECT_THAT(rows_of(), ElementsAre("a\n", "b\n"));
  EXPECT_EQ(read_file(file_), "a\nb\nlast\n");
}

TEST_F(GrowingFileTest, ALineBreakBetweenQuotesEndsNoRowOfCsv) {
  leave("\"a\nb\",1\n\"c\n");
  EXPECT_THAT(rows_of(RowEnd::kUnquotedLineBreak), ElementsAre("\"a\nb\",1\n"));
  EXPECT_EQ(read_file(file_), "\"a\nb\",1\nlast\n");
}

TEST_F(GrowingFileTest, AQuoteIsAnOrdinaryCharacterElsewhere) {
  leave("\"a\nb\n");
  EXPECT_THAT(rows_of(), ElementsAre("\"a\n", "b\n"));
}

TEST_F(GrowingFileTest, ZeroBytesThatACrashOfTheMachineLeavesEndTheRows) {
  leave(std::string("a\n") + std::string(3, '\0') + "\nb\n");
  EXPECT_THAT(rows_of(), ElementsAre("a\n"));
  EXPECT_EQ(read_file(file_), "a\nlast\n");
}

TEST_F(GrowingFileTest, RowsThatDependOnSomethingElseAreNotGoneOnWith) {
  leave("a\n");
  try {
    GrowingFile::go_on(file_, identity("b"), RowEnd::kLineBreak, [](std::string_view) {});
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("another model"));
  }
  EXPECT_EQ(read_file(part_), "a\n");
  std::ofstream(folder_.path() / "rows.csv.part.json") << "{\"model\": \"a";
  EXPECT_THROW(GrowingFile::go_on(file_, identity(), RowEnd::kLineBreak, [](std::string_view) {}),
               DataError)
      << "damaged";
}

TEST_F(GrowingFileTest, OneProcessWritesItAtATime) {
  const auto file = GrowingFile::begin(file_, identity());
  EXPECT_THROW(GrowingFile::begin(file_, identity()), OutputError);
  EXPECT_THROW(GrowingFile::go_on(file_, identity(), RowEnd::kLineBreak, [](std::string_view) {}),
               OutputError);
}

TEST_F(GrowingFileTest, OnlyAFileIsReplacedAndALinkStays) {
  const std::filesystem::path pipe = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_directory(file_);
  for (const auto& wrong : {file_, pipe, folder_.path() / ""}) {
    EXPECT_THROW(GrowingFile::begin(wrong, identity()), OutputError) << wrong;
  }
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  const std::filesystem::path target = folder_.path() / "target";
  const std::filesystem::path link = folder_.path() / "link";
  std::ofstream(target) << "old";
  std::filesystem::create_symlink(target, link);
  auto file = GrowingFile::begin(link, identity());
  file.append("new\n");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(read_file(target), "new\n");
}

TEST_F(GrowingFileTest, WhatOnlyHasTheNameOfItsRowsIsLeftAlone) {
  std::ofstream(part_) << "my notes";
  EXPECT_THROW(GrowingFile::begin(file_, identity()), OutputError);
  EXPECT_THROW(rows_of(), OutputError);
  EXPECT_EQ(read_file(part_), "my notes");
}

TEST_F(GrowingFileTest, WhatCannotBeGoneOnWithIsNotKept) {
  { GrowingFile::begin(file_, identity(), /*kept=*/false).append("[\n"); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace transfer
