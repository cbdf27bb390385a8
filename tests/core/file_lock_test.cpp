#include "core/file_lock.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "core/errors.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// A process that does something, says so, and stays until it is killed.
class Holder {
 public:
  explicit Holder(const std::function<void()>& act) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    process_ = ::fork();
    if (process_ == 0) {
      act();
      if (::write(ends[1], "x", 1) != 1) ::_exit(1);
      while (true) ::pause();
    }
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 1);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Holder() { kill(); }

  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_ = -1;
};

TEST(FileLock, IsHeldByOneProcessAndGoesWithItWhenItIsKilled) {
  const fs::path file = fs::path(testing::TempDir()) / "file_lock";
  fs::remove(file);
  Holder holder([&] { static auto lock = FileLock::try_take(file); });
  EXPECT_FALSE(FileLock::try_take(file));
  try {
    FileLock::take(file, 0.1, "somebody has it");
    FAIL() << "taken while held";
  } catch (const OutputError& error) {
    EXPECT_STREQ(error.what(), "somebody has it");
  }
  holder.kill();
  EXPECT_TRUE(fs::exists(file)) << "left by the killed process";
  const auto mine = FileLock::try_take(file);
  ASSERT_TRUE(mine);
  EXPECT_FALSE(FileLock::try_take(file)) << "within one process too";
}

TEST(FileLock, WhetherItIsHeldIsSeenWithoutTakingIt) {
  const fs::path file = fs::path(testing::TempDir()) / "file_lock_seen";
  fs::remove(file);
  EXPECT_FALSE(FileLock::is_held(file));
  EXPECT_FALSE(fs::exists(file)) << "looking makes no file";
  Holder holder([&] { static auto lock = FileLock::try_take(file); });
  EXPECT_TRUE(FileLock::is_held(file));
  EXPECT_TRUE(FileLock::is_held(file)) << "looking changes nothing";
  holder.kill();
  EXPECT_FALSE(FileLock::is_held(file));
  EXPECT_TRUE(fs::exists(file));
  EXPECT_TRUE(FileLock::try_take(file)) << "looking keeps nothing";
}

TEST(FileLock, ItsFileGoesWithTheLastCopyOrWhenItIsGivenBack) {
  const fs::path file = fs::path(testing::TempDir()) / "file_lock_removed";
  fs::remove(file);
  {
    const auto mine = FileLock::try_take(file);
    ASSERT_TRUE(mine);
    auto copy = mine;
    copy.reset();
    EXPECT_TRUE(fs::exists(file));
  }
  EXPECT_FALSE(fs::exists(file));
  const auto first = FileLock::try_take(file);
  ASSERT_TRUE(first);
  first->give_back();
  EXPECT_FALSE(fs::exists(file));
  EXPECT_TRUE(FileLock::try_take(file));
}

TEST(FileLock, EachRemovesItsOwnFile) {
  const fs::path file = fs::path(testing::TempDir()) / "file_lock_own";
  const auto first = FileLock::try_take(file);
  fs::remove(file);
  const auto second = FileLock::try_take(file);
  ASSERT_TRUE(first && second) << "two files of one name";
  first->give_back();
  EXPECT_TRUE(fs::exists(file));
}

TEST(FileLock, IsNotGivenToEveryoneWhereItsFileCannotBeOpenedNow) {
  const fs::path file = fs::path(testing::TempDir()) / "file_lock_trouble";
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  std::string message;
  try {
    FileLock::try_take(file);
  } catch (const ResourceError& error) {
    message = error.what();
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_THAT(message, testing::HasSubstr(file.string()));
  EXPECT_THAT(message, testing::HasSubstr("ulimit -n"));
}

TEST(NumberedLocks, AreHeldOneByOne) {
  const fs::path file = fs::path(testing::TempDir()) / "numbered_locks";
  Holder holder([&] {
    static NumberedLocks locks(file);
    locks.try_take(3);
  });
  NumberedLocks mine(file);
  EXPECT_TRUE(mine.try_take(2));
  EXPECT_FALSE(mine.try_take(3));
  EXPECT_FALSE(mine.try_take(0, 10)) << "a range with a lock that is held";
  NumberedLocks others(file);
  EXPECT_FALSE(others.try_take(2));
  mine.give_back(2);
  EXPECT_TRUE(others.try_take(2));
  holder.kill();
  EXPECT_TRUE(mine.try_take(3));
}

}  // namespace
}  // namespace transfer
