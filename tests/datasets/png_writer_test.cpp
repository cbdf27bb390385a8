#include "datasets/png_writer.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "core/atomic_file.h"
#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(PngWriter, WritesWhatIsReadBack) {
  const TemporaryFolder folder;
  const cv::Mat rgb = gradient(70, 50, 3);
  write_png(rgb, folder / "a.png");
  EXPECT_EQ(largest_difference(decode_image(read_file(folder / "a.png"), "a.png"), rgb), 0);
  // Part of an image, whose rows do not follow each other in memory.
  const cv::Mat part = rgb(cv::Rect(10, 20, 30, 7));
  write_png(part, folder / "a.png");
  EXPECT_EQ(largest_difference(decode_image(read_file(folder / "a.png"), "a.png"), part), 0);
}

TEST(PngWriter, NamesTheFileThatCannotBeWritten) {
  const TemporaryFolder folder;
  const std::string file = folder / "none/a.png";
  expect_contains(message_of<OutputError>([&] { write_png(gradient(4, 4), file); }), {file});
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace transfer
