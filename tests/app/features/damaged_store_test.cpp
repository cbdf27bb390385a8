#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "app/features/cache_folder.h"
#include "app/features/feature_archive.h"
#include "core/atomic_file.h"
#include "core/crc32.h"
#include "core/hash.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::int64_t kCount = 10;
/// Two float32 numbers.
constexpr std::int64_t kRowBytes = 8;

/// An archive of ten rows in a folder of its own; row i holds i + 1 and its square.
class DamagedStoreTest : public testing::Test {
 protected:
  DamagedStoreTest() {
    for (std::int64_t i = 0; i < kCount; ++i) keys_.push_back(sha256_hex(std::to_string(i)));
  }

  static torch::Tensor expected() {
    const auto numbers = torch::arange(1, kCount + 1, torch::kFloat32);
    return torch::stack({numbers, numbers * numbers}, 1);
  }

  FeatureTable rows() { return archive_rows(expected()); }

  FeatureTable archive_rows(const torch::Tensor& computed) {
    FeatureArchive archive(folder_ / "store/a", 2);
    return archive.rows(
        keys_,
        [&](const auto& positions, FeatureTable& table) {
          computed_ += static_cast<std::int64_t>(positions.size());
          const auto rows = torch::tensor(positions);
          table.write(0, computed.index_select(0, rows));
        },
        [] {});
  }

  /// The only file of the archive with this ending.
  fs::path file(const std::string& ending) const {
    for (const auto& entry : fs::directory_iterator(folder_ / "store/a")) {
      if (entry.path().extension() == ending) return entry.path();
    }
    ADD_FAILURE() << "no " << ending;
    return {};
  }

  static void overwrite(const fs::path& file, std::int64_t offset, const void* bytes,
                        std::int64_t size) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(offset);
    stream.write(static_cast<const char*>(bytes), size);
  }

  static void flip_bit(const fs::path& file, std::int64_t offset) {
    const char flipped =
        static_cast<char>(read_file(file)[static_cast<std::size_t>(offset)] ^ 0x10);
    overwrite(file, offset, &flipped, 1);
  }

  /// Expects that all rows are computed again, with a warning of this content, and stored.
  void expect_repair(const std::string& warning) {
    computed_ = 0;
    testing::internal::CaptureStderr();
    const auto table = rows();
    const std::string messages = testing::internal::GetCapturedStderr();
    EXPECT_THAT(messages, HasSubstr(warning));
    EXPECT_THAT(messages, HasSubstr("computed again"));
    EXPECT_EQ(computed_, kCount);
    EXPECT_TRUE(torch::equal(table.read(0, kCount), expected()));
    testing::internal::CaptureStderr();
    EXPECT_TRUE(torch::equal(rows().read(0, kCount), expected()));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the store is sound again";
    EXPECT_EQ(computed_, kCount);
  }

  TemporaryFolder folder_;
  std::vector<std::string> keys_;
  std::int64_t computed_ = 0;
};

TEST_F(DamagedStoreTest, OneBitIsFound) {
  rows();
  for (const std::int64_t row : {0, 3, 9}) {
    flip_bit(file(".features"), row * kRowBytes + 2);
    expect_repair("row " + std::to_string(row) + " is damaged");
  }
  flip_bit(file(".features"), kCount * kRowBytes);
  expect_repair("row 0 is damaged");
}

TEST_F(DamagedStoreTest, AKeyThatChangedIsFound) {
  rows();
  const std::string key = keys_[4];
  overwrite(file(".keys"), FeatureArchive::kKeyLine, key.data(),
            static_cast<std::int64_t>(key.size()));
  expect_repair("list of keys");
}

TEST_F(DamagedStoreTest, TruncatedAndEmptiedFilesAreFound) {
  rows();
  fs::resize_file(file(".features"), 12);
  expect_repair("found 12 bytes");
  fs::resize_file(file(".keys"), 70);
  expect_repair("truncated");
  fs::resize_file(file(".keys"), 0);
  expect_repair(".keys: is empty");
  fs::resize_file(file(".features"), 0);
  expect_repair("found 0 bytes");
}

TEST_F(DamagedStoreTest, ARowOfZerosIsNotTrustedWhateverItsChecksum) {
  rows();
  const std::string zeros(kRowBytes, '\0');
  const std::uint32_t crc = crc32_of(zeros.data(), zeros.size());
  overwrite(file(".features"), 2 * kRowBytes, zeros.data(), kRowBytes);
  overwrite(file(".features"), kCount * kRowBytes + 2 * 4, &crc, 4);
  expect_repair("row 2 is empty");
}

TEST_F(DamagedStoreTest, TruncationWhileItIsReadIsAnErrorAndTheNextRunComputes) {
  const auto table = rows();
  fs::resize_file(file(".features"), 4 * kRowBytes);
  EXPECT_TRUE(torch::equal(table.read(0, 4), expected().narrow(0, 0, 4)));
  expect_contains(message_of<OutputError>([&] { table.read(3, 2); }),
                  {".features: is truncated", "Start the run again", "cache.dir"});
  expect_contains(message_of<OutputError>([&] { table.gather({9}); }), {"truncated"});
  expect_repair("found");
}

TEST_F(DamagedStoreTest, RowsLeftOutOrZeroAreNotStored) {
  auto some = expected();
  some[5].zero_();
  FeatureArchive archive(folder_ / "store/a", 2);
  const auto table = archive.rows(
      keys_,
      [&](const auto& positions, FeatureTable& part) {
        for (std::size_t i = 0; i < positions.size(); ++i) {
          if (positions[i] == 2) continue;  // broken
          part.write(static_cast<std::int64_t>(i), some[positions[i]].unsqueeze(0));
        }
      },
      [] {});
  some[2].zero_();
  EXPECT_TRUE(torch::equal(table.read(0, kCount), some));
  EXPECT_EQ(list_cache(folder_ / "store")[0].rows, kCount - 2);
  EXPECT_EQ(FeatureArchive(folder_ / "store/a", 2).missing(keys_), 2);
  EXPECT_TRUE(torch::equal(rows().read(0, kCount), expected()));
  EXPECT_EQ(computed_, 2);
}

TEST_F(DamagedStoreTest, NothingIsStoredWhereAllImagesFail) {
  const auto zeros = torch::zeros({kCount, 2});
  EXPECT_TRUE(torch::equal(archive_rows(zeros).read(0, kCount), zeros));
  EXPECT_EQ(computed_, kCount) << "tried once";
  EXPECT_EQ(list_cache(folder_ / "store")[0].rows, 0);
}

TEST_F(DamagedStoreTest, PlantedLinksAndPipesAreNotFollowed) {
  rows();
  const fs::path features = file(".features");
  fs::rename(features, folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", features);
  expect_repair("symbolic link");
  EXPECT_TRUE(fs::exists(folder_ / "elsewhere"));
  fs::remove(features);
  ASSERT_EQ(::mkfifo(features.c_str(), 0644), 0);
  expect_repair("no regular file");

  fs::remove(folder_ / "store/a/lock");
  fs::create_symlink(folder_ / "victim", folder_ / "store/a/lock");
  expect_contains(message_of<OutputError>([&] { rows(); }), {"lock: is a symbolic link"});
  EXPECT_FALSE(fs::exists(folder_ / "victim"));
  fs::rename(folder_ / "store/a", folder_ / "other");
  fs::create_directory_symlink(folder_ / "other", folder_ / "store/a");
  expect_contains(message_of<OutputError>([&] { rows(); }), {"store/a: is a symbolic link"});
  testing::internal::CaptureStderr();
  EXPECT_THROW(list_cache(folder_ / "store"), DataError) << "nothing but a link";
  testing::internal::GetCapturedStderr();
}

TEST_F(DamagedStoreTest, WhatEveryoneMayWriteIsNotUsed) {
  rows();
  ::chmod(file(".features").c_str(), 0666);
  expect_repair("everyone may write");
  ::chmod((folder_ / "store/a").c_str(), 0777);
  expect_contains(message_of<OutputError>([&] { rows(); }), {"store/a", "chmod o-w", "cache.dir"});
  ::chmod((folder_ / "store/a").c_str(), 0755);
  ::chmod((folder_ / "store").c_str(), 0777);
  expect_contains(message_of<OutputError>([&] { rows(); }), {"store", "chmod o-w", "cache.dir"});
}

TEST_F(DamagedStoreTest, FilesOfAnotherUserAreNotUsed) {
  rows();
  constexpr uid_t kStranger = 54321;
  for (const char* ending : {".features", ".keys"}) {
    if (::chown(file(ending).c_str(), kStranger, kStranger) != 0) {
      GTEST_SKIP() << "only root gives files away";
    }
    expect_repair("belongs to the user 54321");
  }
}

TEST_F(DamagedStoreTest, AFolderRemovedWhileItIsFilledIsMadeAgain) {
  FeatureArchive archive(folder_ / "store/a", 2);
  testing::internal::CaptureStderr();
  const auto table = archive.rows(
      keys_,
      [&](const auto& positions, FeatureTable& part) {
        if (++computed_ == 1) fs::remove_all(folder_ / "store");
        part.write(0, expected().index_select(0, torch::tensor(positions)));
      },
      [] {});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("was removed meanwhile"));
  EXPECT_TRUE(torch::equal(table.read(0, kCount), expected()));
  EXPECT_EQ(FeatureArchive(folder_ / "store/a", 2).missing(keys_), 0);
}

TEST_F(DamagedStoreTest, WhatKilledProcessesLeftInAnyEntryGoes) {
  rows();
  const std::vector<std::string> left = {folder_.write("store/a/0123.features.4567.tmp", "x"),
                                         folder_.write("store/a/0123.keys.4567.tmp", "x"),
                                         folder_.write("store/a/89ab.keys", "x"),
                                         folder_.write("store/a/about.json.4567.tmp", "x")};
  const std::string notes = folder_.write("store/mine/notes.tmp", "not a cache");
  {
    NumberedLocks writer(folder_ / "store/a/lock");
    ASSERT_TRUE(writer.try_take(17));
    ASSERT_TRUE(writer.try_take(FeatureArchive::kLocks));
    remove_leftovers(folder_ / "store");
    for (const auto& name : left) EXPECT_TRUE(fs::exists(name)) << name << " under a writer";
  }
  remove_leftovers(folder_ / "store");
  for (const auto& name : left) EXPECT_FALSE(fs::exists(name)) << name;
  EXPECT_TRUE(fs::exists(notes));
  EXPECT_EQ(FeatureArchive(folder_ / "store/a", 2).missing(keys_), 0);
}

}  // namespace
}  // namespace transfer
