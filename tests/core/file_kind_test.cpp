#include "core/file_kind.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

namespace transfer {
namespace {

namespace fs = std::filesystem;

TEST(FileKind, TellsFilesFoldersAndTheRestAndNeverThrows) {
  const fs::path folder = fs::path(testing::TempDir()) / "file_kind_test";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(folder / "file") << "x";
  fs::create_symlink("file", folder / "link");
  fs::create_symlink("loop", folder / "loop");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(is_folder(folder));
  EXPECT_TRUE(is_file(folder / "file"));
  EXPECT_TRUE(is_file(folder / "link"));
  EXPECT_EQ(file_kind(folder / "pipe"), FileKind::kOther);
  for (const fs::path& nothing :
       {folder / "none", folder / "file" / "x", folder / "loop", folder / std::string(300, 'n')}) {
    EXPECT_EQ(file_kind(nothing), FileKind::kNothing) << nothing;
  }
  EXPECT_EQ(why_absent(folder / "none", "image"), "no such image");
  EXPECT_EQ(why_absent(folder / "file" / "x", "image"), "no such image");
  EXPECT_EQ(why_absent(folder / "loop", "image"),
            "cannot be reached: Too many levels of symbolic links");
  EXPECT_EQ(why_absent(folder / std::string(300, 'n'), "image"),
            "cannot be reached: File name too long");
}

}  // namespace
}  // namespace transfer
