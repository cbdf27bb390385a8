#include "datasets/image_content.h"

#include <gtest/gtest.h>

#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(ContentSketch, TellsAnImageOfTheSameSizeFromAnother) {
  const TemporaryFolder folder;
  const Sample one{folder.write("1.png", "abcdefgh"), 0};
  const Sample same{folder.write("2.png", "abcdefgh"), 0};
  const Sample other{folder.write("3.png", "abcdefgX"), 0};
  EXPECT_EQ(content_sketch(one), content_sketch(same));
  EXPECT_NE(content_sketch(one), content_sketch(other));
  EXPECT_EQ(content_sketch(one).size(), 16U);
}

TEST(ContentSketch, GivesTheReasonWhereTheFileCannotBeRead) {
  const TemporaryFolder folder;
  const std::string message =
      message_of<DataError>([&] { content_sketch(Sample{folder / "gone.png", 0}); });
  expect_contains(message, {"gone.png", "cannot be read", "No such file"});
}

}  // namespace
}  // namespace transfer
