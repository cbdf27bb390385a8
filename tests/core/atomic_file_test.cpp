#include "core/atomic_file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "core/errors.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "atomic_file_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

TEST_F(AtomicFileTest, CommittedContentsAreReadBack) {
  const std::string contents("a\0b\n", 4);
  write_file_atomically(folder_ / "x", contents);
  EXPECT_EQ(read_file(folder_ / "x"), contents);
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFileTest, WithoutCommitTheOldFileStaysAndNothingElse) {
  write_file_atomically(folder_ / "x", "old");
  {
    AtomicFile file(folder_ / "x");
    EXPECT_EQ(entries(), 2U);
  }
  EXPECT_EQ(read_file(folder_ / "x"), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(AtomicFileTest, MissingFolderIsAnOutputErrorThatNamesThePath) {
  try {
    write_file_atomically(folder_ / "no" / "x", "new");
    FAIL() << "expected OutputError";
  } catch (const OutputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no/x"));
    EXPECT_EQ(error.exit_code(), ExitCode::kOutput);
  }
}

TEST_F(AtomicFileTest, FullDiskLeavesNothing) {
  // A file may not grow beyond the limit: what a full disk looks like from here.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{4096, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_file_atomically(folder_ / "x", std::string(1 << 20, 'a')), OutputError);
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(AtomicFileTest, ADeletedFolderIsNoFullDisk) {
  AtomicFile file(folder_ / "x");
  fs::remove_all(folder_);
  try {
    file.commit();
    FAIL() << "expected OutputError";
  } catch (const OutputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("removed or moved"));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("space")));
  }
}

TEST_F(AtomicFileTest, WhatAKilledProcessLeftIsKnownByItsName) {
  std::string left;
  {
    AtomicFile file(folder_ / "model.pt");
    left = file.temporary_path();
    EXPECT_TRUE(is_temporary_file(left));
  }
  std::ofstream(left) << "half";
  for (const char* other : {"notes.tmp", "model.pt", "x.0123.tmp", "x.0123456789abcdeg.tmp"}) {
    std::ofstream(folder_ / other) << "mine";
  }
  fs::create_directory(folder_ / "y.0123456789abcdef.tmp");
  remove_temporary_files(folder_);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(entries(), 5U) << "files of others stay";
}

TEST_F(AtomicFileTest, TwoWritersOfOneFileDoNotMeet) {
  AtomicFile first(folder_ / "x");
  AtomicFile second(folder_ / "x");
  EXPECT_NE(first.temporary_path(), second.temporary_path());
  EXPECT_EQ(entries(), 2U);
  std::ofstream(first.temporary_path()) << "first";
  first.commit();
  EXPECT_EQ(read_file(folder_ / "x"), "first");
}

TEST_F(AtomicFileTest, CommittedFilesHaveTheUsualMode) {
  const mode_t mask = ::umask(022);
  write_file_atomically(folder_ / "x", "new");
  ::umask(mask);
  EXPECT_EQ(static_cast<int>(fs::status(folder_ / "x").permissions()), 0644);
}

TEST_F(AtomicFileTest, TheRemedyNamesNoFlag) {
  try {
    write_file_atomically(folder_ / "no" / "x", "new");
    FAIL() << "expected OutputError";
  } catch (const OutputError& error) {
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("--output")));
    EXPECT_THAT(error.what(), testing::HasSubstr("another folder"));
  }
}

TEST_F(AtomicFileTest, OnlyRegularFilesAreRead) {
  const auto message = [](const fs::path& path) -> std::string {
    try {
      read_file(path);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message(folder_), testing::HasSubstr("is a folder, expected a file"));
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(message(folder_ / "pipe"), testing::HasSubstr("expected a regular file"));
  EXPECT_THAT(message(folder_ / "none"), testing::HasSubstr("No such file"));
  EXPECT_THAT(message(folder_ / std::string(300, 'n')), testing::HasSubstr("File name too long"));
}

}  // namespace
}  // namespace transfer
