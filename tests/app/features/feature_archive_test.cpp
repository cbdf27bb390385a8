#include "app/features/feature_archive.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>

#include "app/features/cache_folder.h"
#include "core/hash.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> keys_of(int count) {
  std::vector<std::string> keys;
  keys.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) keys.push_back(sha256_hex(std::to_string(i)));
  return keys;
}

/// Row i holds i + 1 and its square.
void fill(const std::vector<std::int64_t>& positions, FeatureTable& table) {
  for (std::size_t row = 0; row < positions.size(); ++row) {
    const auto number = static_cast<float>(positions[row] + 1);
    table.write(static_cast<std::int64_t>(row), torch::tensor({{number, number * number}}));
  }
}

void expect_rows(const FeatureTable& table, std::int64_t count) {
  const auto numbers = torch::arange(1, count + 1, torch::kFloat32);
  const auto expected = torch::stack({numbers, numbers * numbers}, 1);
  EXPECT_TRUE(torch::equal(table.read(0, count), expected));
  EXPECT_TRUE(torch::equal(table.copy_in_memory().read(0, count), expected));
}

TEST(FeatureArchive, AnyListFindsWhatWasComputedForAnother) {
  TemporaryFolder folder;
  const auto keys = keys_of(700);
  std::int64_t computed = 0;
  const auto compute = [&](const auto& positions, FeatureTable& table) {
    computed += static_cast<std::int64_t>(positions.size());
    fill(positions, table);
  };
  const std::vector<std::string> some(keys.begin(), keys.begin() + 300);
  FeatureArchive(folder / "a", 2).rows(some, compute, [] {});
  EXPECT_EQ(computed, 300);
  FeatureArchive archive(folder / "a", 2);
  EXPECT_EQ(archive.missing(keys), 400);
  const auto table = archive.rows(keys, compute, [] {});
  EXPECT_EQ(computed, 700);
  expect_rows(table, 700);
  EXPECT_TRUE(torch::equal(table.gather({5, 2}), torch::tensor({{6.0F, 36.0F}, {3.0F, 9.0F}})));
}

TEST(FeatureArchive, WritersAtTheSameTimeDivideTheWork) {
  TemporaryFolder folder;
  constexpr int kRows = 900;
  const auto keys = keys_of(kRows);
  std::mutex mutex;
  std::map<std::int64_t, int> times;
  std::map<int, int> portions;
  const auto work = [&](int writer) {
    FeatureArchive archive(folder / "a", 2);
    const auto table = archive.rows(
        keys,
        [&](const auto& positions, FeatureTable& part) {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          fill(positions, part);
          const std::lock_guard lock(mutex);
          ++portions[writer];
          for (const std::int64_t position : positions) ++times[position];
        },
        [] {});
    expect_rows(table, kRows);
  };
  std::thread first([&] { work(1); });
  std::thread second([&] { work(2); });
  first.join();
  second.join();
  EXPECT_EQ(times.size(), static_cast<std::size_t>(kRows));
  for (const auto& [position, count] : times) EXPECT_EQ(count, 1) << position;
  EXPECT_GT(portions[1], 0);
  EXPECT_GT(portions[2], 0);
}

TEST(FeatureArchive, AKilledWriterHoldsNobodyUpAndItsLeftoversGo) {
  TemporaryFolder folder;
  const auto keys = keys_of(100);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    FeatureArchive(folder / "a", 2)
        .rows(
            keys,
            [&](const auto&, FeatureTable&) {
              if (::write(ends[1], "x", 1) == 1) ::pause();
            },
            [] {});
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  std::thread killer([child] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  });
  std::atomic<int> waits = 0;
  FeatureArchive archive(folder / "a", 2);
  expect_rows(archive.rows(keys, fill, [&] { ++waits; }), 100);
  killer.join();
  EXPECT_EQ(waits, 1);
  FeatureArchive(folder / "a", 2).rows(keys_of(101), fill, [] {});
  for (const auto& entry : fs::directory_iterator(folder / "a")) {
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  }
}

TEST(CacheFolder, WhatAKilledProcessLeftOfADescriptionGoesWithTheNextOne) {
  TemporaryFolder folder;
  const FeatureArchive archive(folder / "a", 2);
  const std::string left = folder.write("a/about.json.0123.tmp", "{");
  {
    NumberedLocks another(folder / "a/lock");
    ASSERT_TRUE(another.try_take(FeatureArchive::kLocks));
    describe_archive(folder / "a", "tiny", "blocks.1");
    EXPECT_TRUE(fs::exists(left)) << "while a process is writing it";
    EXPECT_FALSE(fs::exists(folder / "a/about.json"));
  }
  describe_archive(folder / "a", "tiny", "blocks.1");
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(folder / "a/about.json"));
}

TEST(CacheFolder, ListsAndRemovesButNotUnderAWriter) {
  TemporaryFolder folder;
  FeatureArchive archive(folder / "store/a", 2);
  archive.rows(keys_of(10), fill, [] {});
  describe_archive(folder / "store/a", "tiny", "blocks.1");
  folder.write("store/a/left.features.0123.tmp", "x");
  folder.write("store/mine/notes.txt", "not a cache");
  const auto entries = list_cache(folder / "store");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].rows, 10);
  EXPECT_EQ(entries[0].backbone, "tiny");
  EXPECT_EQ(entries[0].layers, "blocks.1");
  EXPECT_GE(entries[0].bytes, 10 * 2 * 4);
  NumberedLocks writer(folder / "store/a/lock");
  ASSERT_TRUE(writer.try_take(17));
  EXPECT_FALSE(remove_entry(entries[0]));
  writer.give_back(17);
  EXPECT_TRUE(remove_entry(entries[0]));
  EXPECT_FALSE(fs::exists(folder / "store/a"));
  EXPECT_TRUE(fs::exists(folder / "store/mine/notes.txt"));
}

}  // namespace
}  // namespace transfer
