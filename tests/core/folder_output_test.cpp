#include "core/folder_output.h"

#include <gmock/gmock.h>

#include <fstream>

namespace transfer {
namespace {

namespace fs = std::filesystem;

TEST(FolderOutput, SaysWhyThereCanBeNone) {
  const fs::path folder = fs::path(testing::TempDir()) / "folder_output_test";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(folder / "file") << "x";
  EXPECT_EQ(why_no_folder(folder), "");
  EXPECT_EQ(why_no_folder(folder / "new" / "one"), "");
  EXPECT_EQ(why_no_folder(folder / "file"), "Not a directory");
  EXPECT_EQ(why_no_folder(folder / "file" / "below"), "Not a directory");
  EXPECT_FALSE(fs::exists(folder / "new"));
  fs::remove_all(folder);
}

TEST(FolderOutput, KnowsWhatLiesWithinAFolderByWhateverName) {
  const fs::path folder = fs::path(testing::TempDir()) / "folder_output_within";
  fs::remove_all(folder);
  fs::create_directories(folder / "data" / "class");
  fs::create_directory_symlink(folder / "data" / "class", folder / "alias");
  EXPECT_TRUE(lies_within(folder / "data", folder / "data"));
  EXPECT_TRUE(lies_within(folder / "data" / "", folder / "data"));
  EXPECT_TRUE(lies_within(folder / "data" / "new" / "one", folder / "data"));
  EXPECT_TRUE(lies_within(folder / "alias" / "new", folder / "data"));
  EXPECT_TRUE(lies_within(folder / "other" / ".." / "data" / "new", folder / "data"));
  EXPECT_FALSE(lies_within(folder / "data2", folder / "data"));
  EXPECT_FALSE(lies_within(folder, folder / "data"));
  EXPECT_FALSE(lies_within(folder / "data" / ".." / "new", folder / "data"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace transfer
