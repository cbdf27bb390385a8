#include "app/report/sorted_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SortedFoldersTest : public ::testing::Test {
 protected:
  fs::path image(const std::string& name, const std::string& bytes) {
    const fs::path file = folder_.path() / name;
    fs::create_directories(file.parent_path());
    write_file_atomically(file, bytes);
    return file;
  }

  SortedFolders sorting(Placing placing = Placing::kCopy, bool goes_on = false) {
    return {target_, {"cat", "dog"}, placing, 0.8, goes_on};
  }

  const TemporaryFolder folder_;
  const fs::path target_ = folder_.path() / "sorted";
};

TEST_F(SortedFoldersTest, CopiesByClassAndPutsTheUncertainAside) {
  auto folders = sorting();
  folders.add(image("a.jpg", "a"), "cat", 0.9);
  folders.add(image("b.jpg", "b"), "dog", 0.8);
  folders.add(image("c.jpg", "c"), "dog", 0.79);
  EXPECT_EQ(read_file(target_ / "cat/a.jpg"), "a");
  EXPECT_EQ(read_file(target_ / "dog/b.jpg"), "b");
  EXPECT_EQ(read_file(target_ / "unsure/c.jpg"), "c");
  EXPECT_EQ(read_file(folder_.path() / "a.jpg"), "a") << "the original stays";
  EXPECT_THAT(folders.report(), HasSubstr("3 images copied to"));
  EXPECT_THAT(folders.report(), HasSubstr("cat 1, dog 1, unsure 1"));
  EXPECT_EQ(std::distance(fs::directory_iterator(target_ / "cat"), fs::directory_iterator()), 1)
      << "no temporary file stays";
}

TEST_F(SortedFoldersTest, ANameThatIsTakenOverwritesNothing) {
  auto folders = sorting();
  folders.add(image("x/a.jpg", "first"), "cat", 1);
  folders.add(image("y/a.jpg", "second"), "cat", 1);
  folders.add(image("z/a.jpg", "second"), "cat", 1);
  EXPECT_EQ(read_file(target_ / "cat/a.jpg"), "first");
  EXPECT_EQ(read_file(target_ / "cat/a-2.jpg"), "second");
  EXPECT_FALSE(fs::exists(target_ / "cat/a-3.jpg")) << "the same bytes under the same name";
  EXPECT_THAT(folders.report(), HasSubstr("1 got another name"));
  EXPECT_THAT(folders.report(), HasSubstr("1 was there already"));
}

TEST_F(SortedFoldersTest, LinksAreOtherNamesOfTheSameFile) {
  auto folders = sorting(Placing::kLink);
  const fs::path a = image("a.jpg", "a");
  folders.add(a, "cat", 1);
  EXPECT_TRUE(fs::equivalent(a, target_ / "cat/a.jpg"));
  EXPECT_THAT(folders.report(), HasSubstr("1 image linked into"));
}

TEST_F(SortedFoldersTest, AFolderThatHoldsSomethingIsRefusedUnlessItGoesOn) {
  image("sorted/cat/old.jpg", "old");
  EXPECT_THROW(sorting(), OutputError);
  auto folders = sorting(Placing::kCopy, /*goes_on=*/true);
  folders.add(image("old.jpg", "old"), "cat", 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(target_ / "cat"), fs::directory_iterator()), 1);
}

TEST_F(SortedFoldersTest, ClassesThatCannotNameAFolderAreRefused) {
  for (const std::string name : {"a/b", "..", ".", "", "unsure"}) {
    EXPECT_THROW(SortedFolders(target_, {"cat", name}, Placing::kCopy, 0.5, false), ConfigError)
        << name;
  }
  EXPECT_FALSE(fs::exists(target_)) << "nothing is made before the first image";
}

TEST_F(SortedFoldersTest, AnImageThatIsGoneLeavesNothing) {
  auto folders = sorting();
  EXPECT_THROW(folders.add(folder_.path() / "none.jpg", "cat", 1), DataError);
  EXPECT_TRUE(fs::is_empty(target_ / "cat"));
}

}  // namespace
}  // namespace transfer
