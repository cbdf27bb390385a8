#include "app/features/cache_folder.h"

#include <gtest/gtest.h>

#include "app/features/feature_archive.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(CacheFolder, OnlyAStoreIsListed) {
  TemporaryFolder folder;
  folder.write("photos/cat/1.png", "x");
  folder.write("notes/a.txt", "x");
  folder.write("runs/a/config.yaml", "x");
  std::filesystem::create_directories(folder / "runs/feature-store");
  for (const char* name : {"photos", "notes", "photos/cat"}) {
    expect_contains(message_of<DataError>([&] { list_cache(folder / name); }),
                    {name, "is not a feature store", "cache.dir"});
  }
  expect_contains(message_of<DataError>([&] { list_cache(folder / "runs"); }),
                  {"such as " + (folder / "runs/feature-store")});
  EXPECT_TRUE(list_cache(folder / "runs/feature-store").empty()) << "an emptied store is one";
  folder.write(std::string("store/key/") + FeatureArchive::kLockFile, "");
  EXPECT_EQ(list_cache(folder / "store").size(), 1U);
}

}  // namespace
}  // namespace transfer
