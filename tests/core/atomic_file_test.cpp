#include "core/atomic_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

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
    EXPECT_EQ(error.exit_code(), 6);
  }
}

TEST_F(AtomicFileTest, FullDiskLeavesNothing) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  fs::create_symlink("/dev/full", folder_ / ("x." + std::to_string(::getpid()) + ".tmp"));
  EXPECT_THROW(write_file_atomically(folder_ / "x", std::string(1 << 20, 'a')), OutputError);
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

}  // namespace
}  // namespace transfer
