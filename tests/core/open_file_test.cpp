#include "core/open_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <functional>
#include <optional>

#include "core/atomic_file.h"
#include "core/crc32.h"
#include "core/errors.h"
#include "core/file_lock.h"
#include "core/file_trust.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SharedFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ::chmod(folder_.c_str(), 0755);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path made(const std::string& name, const std::string& bytes = "0123456789") const {
    std::ofstream(folder_ / name) << bytes;
    ::chmod((folder_ / name).c_str(), 0644);
    return folder_ / name;
  }

  std::optional<std::string> why_file_untrusted(const fs::path& file) const {
    return why_untrusted(OpenFile::for_reading(file).descriptor(), file);
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("shared_folder_test" + std::to_string(::getpid()));
};

template <typename E>
std::string failure_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Crc32, IsThatOfZip) {
  EXPECT_EQ(crc32_of("123456789", 9), 0xCBF43926U);
  EXPECT_EQ(crc32_of("56789", 5, crc32_of("1234", 4)), 0xCBF43926U);
}

TEST_F(SharedFolderTest, AFileThatEndsTooEarlyIsAnErrorAndNoSignal) {
  const OpenFile file = OpenFile::for_reading(made("a"));
  std::array<char, 4> bytes{};
  file.read(6, bytes.data(), bytes.size());
  EXPECT_EQ(std::string(bytes.data(), bytes.size()), "6789");
  fs::resize_file(folder_ / "a", 8);
  EXPECT_THAT(failure_of<DataError>([&] { file.read(6, bytes.data(), bytes.size()); }),
              HasSubstr("a: is truncated"));
}

TEST_F(SharedFolderTest, WritingNamesTheFileThatIsReported) {
  const fs::path file = made("a.tmp");
  OpenFile::for_writing(file, folder_ / "a").write(2, "xy", 2);
  EXPECT_EQ(read_file(file), "01xy456789");
  fs::remove(file);
  EXPECT_THAT(failure_of<OutputError>([&] { OpenFile::for_writing(file, folder_ / "a"); }),
              HasSubstr("/a: cannot be written"));
}

TEST_F(SharedFolderTest, LinksAndPipesAreNotOpened) {
  fs::create_symlink(made("a"), folder_ / "link");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0644), 0);
  EXPECT_THAT(failure_of<DataError>([&] { OpenFile::for_reading(folder_ / "link"); }),
              HasSubstr("symbolic link"));
  for (const char* name : {"pipe", "."}) {
    EXPECT_THAT(failure_of<DataError>([&] { OpenFile::for_reading(folder_ / name); }),
                HasSubstr("no regular file"))
        << name;
  }
}

TEST_F(SharedFolderTest, ALockDoesNotFollowALink) {
  for (const char* target : {"victim", "a"}) {
    const fs::path lock = folder_ / (std::string("lock-") + target);
    if (target == std::string("a")) made("a");
    fs::create_symlink(folder_ / target, lock);
    EXPECT_THAT(failure_of<OutputError>([&] { FileLock::try_take(lock); }),
                HasSubstr("symbolic link"));
    EXPECT_THAT(failure_of<OutputError>([&] { NumberedLocks locks(lock); }),
                HasSubstr("symbolic link"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "victim"));
  EXPECT_EQ(read_file(folder_ / "a"), "0123456789");
}

TEST_F(SharedFolderTest, LocksFollowAFileThatWasMadeAnew) {
  NumberedLocks mine(folder_ / "lock");
  fs::remove(folder_ / "lock");
  NumberedLocks others(folder_ / "lock");
  ASSERT_TRUE(others.try_take(3));
  EXPECT_TRUE(mine.try_take(3)) << "of a file that is no longer there";
  mine.give_back(3);
  mine.follow_file();
  EXPECT_FALSE(mine.try_take(3));
}

TEST_F(SharedFolderTest, WhatEveryoneMayWriteIsNotReliedOn) {
  const fs::path file = made("a");
  EXPECT_FALSE(why_file_untrusted(file));
  ::chmod(file.c_str(), 0664);
  EXPECT_FALSE(why_file_untrusted(file)) << "its group may";
  ::chmod(file.c_str(), 0666);
  EXPECT_THAT(*why_file_untrusted(file), HasSubstr("chmod o-w"));
  fs::create_directory(folder_ / "b");
  ::chmod((folder_ / "b").c_str(), 0777);
  EXPECT_THAT(failure_of<OutputError>([&] { require_trusted_folder(folder_ / "b"); }),
              HasSubstr("chmod o-w"));
  EXPECT_THAT(failure_of<OutputError>([&] { require_guarded_folder(folder_ / "b"); }),
              HasSubstr("chmod o-w"));
  ::chmod((folder_ / "b").c_str(), 01777);
  EXPECT_NO_THROW(require_guarded_folder(folder_ / "b")) << "only owners remove, as in /tmp";
  fs::create_directory_symlink(folder_ / "b", folder_ / "link");
  EXPECT_THAT(failure_of<OutputError>([&] { require_trusted_folder(folder_ / "link"); }),
              HasSubstr("symbolic link"));
}

TEST_F(SharedFolderTest, WhatAnotherUserOwnsIsNotReliedOn) {
  constexpr uid_t kStranger = 54321;
  const fs::path file = made("a");
  if (::chown(file.c_str(), kStranger, kStranger) != 0)
    GTEST_SKIP() << "only root gives files away";
  EXPECT_THAT(*why_file_untrusted(file), HasSubstr("belongs to the user 54321"));
  EXPECT_THAT(failure_of<OutputError>([&] { NumberedLocks locks(file); }), HasSubstr("54321"));
  ASSERT_EQ(::chown(folder_.c_str(), kStranger, 0), 0);
  EXPECT_FALSE(why_file_untrusted(file)) << "the owner of the folder put it there";
  ASSERT_EQ(::chown(folder_.c_str(), 0, kStranger), 0);
  EXPECT_TRUE(why_file_untrusted(file)) << "the folder's group may not write there";
  ::chmod(folder_.c_str(), 0775);
  EXPECT_FALSE(why_file_untrusted(file)) << "one of the group that shares the folder";
}

TEST_F(SharedFolderTest, FoldersAndFilesAreMadeSoThatNotEveryoneWritesThere) {
  const mode_t before = ::umask(0);
  EXPECT_FALSE(make_folder(folder_ / "b/c"));
  NumberedLocks locks(folder_ / "b/c/lock");
  write_file_atomically(folder_ / "b/c/a", "x");
  ::umask(before);
  for (const char* name : {"b", "b/c", "b/c/lock", "b/c/a"}) {
    EXPECT_EQ(fs::status(folder_ / name).permissions() & fs::perms::others_write, fs::perms::none)
        << name;
  }
  EXPECT_FALSE(make_folder(folder_ / "b/c")) << "is there already";
  EXPECT_TRUE(make_folder(folder_ / "b/c/a")) << "is a file";
  EXPECT_TRUE(make_folder(folder_ / "b/c/a/d"));
}

TEST_F(SharedFolderTest, AWriteFailureNamesItsOwnRemedy) {
  const fs::path file = folder_ / "gone/a";
  const auto text = [&](int error) { return std::string(write_failure(file, error).what()); };
  EXPECT_THAT(text(ENOSPC), HasSubstr("Free some space"));
  EXPECT_THAT(text(EFBIG), HasSubstr("ulimit -f"));
  EXPECT_THAT(text(EACCES), HasSubstr("permissions"));
  EXPECT_THAT(text(EIO), HasSubstr("log"));
  const std::string of_deleted_folder =
      failure_of<OutputError>([&] { write_file_atomically(file, "x"); });
  EXPECT_THAT(of_deleted_folder, HasSubstr("gone is missing, or was removed"));
  EXPECT_THAT(of_deleted_folder, testing::Not(HasSubstr("space")));
}

}  // namespace
}  // namespace transfer
