#include "core/folder_entries.h"

#include <gmock/gmock.h>

#include <fstream>

namespace transfer {
namespace {

namespace fs = std::filesystem;

TEST(FolderEntries, AreListedAndAFolderThatCannotBeReadGivesTheReason) {
  const fs::path folder = fs::path(testing::TempDir()) / "folder_entries_test";
  fs::remove_all(folder);
  fs::create_directories(folder / "inner");
  std::ofstream(folder / "file") << "x";
  std::error_code error = std::make_error_code(std::errc::io_error);
  EXPECT_THAT(folder_entries(folder, error),
              testing::UnorderedElementsAre(folder / "inner", folder / "file"));
  EXPECT_FALSE(error);
  EXPECT_THAT(folder_entries(folder / "none", error), testing::IsEmpty());
  EXPECT_EQ(error, std::errc::no_such_file_or_directory);
  EXPECT_THAT(folder_entries(folder / "file", error), testing::IsEmpty());
  EXPECT_EQ(error, std::errc::not_a_directory);
}

}  // namespace
}  // namespace transfer
