#include "datasets/contact_sheet.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(ContactSheet, HasARowPerImageAndAColumnAView) {
  TemporaryFolder folder;
  const std::vector<Sample> samples = {
      {folder.write("a.png", encode(gradient(60, 50), ".png")), 0},
      {folder.write("b.png", encode(gradient(60, 50, 2), ".png")), 1}};
  Preprocessing p;
  p.height = p.width = 32;
  p.resize = 36;
  write_contact_sheet(samples, {"x", "y"}, AugmentConfig(), p, 3, 0, folder / "sheet.png");
  const cv::Mat sheet = decode_image(read_file(folder / "sheet.png"), "sheet.png");
  EXPECT_GE(sheet.cols, 4 * 32);
  EXPECT_LT(sheet.cols, 5 * 32 + 40);
  EXPECT_GE(sheet.rows, 2 * 32);
  EXPECT_THROW(
      write_contact_sheet(samples, {"x", "y"}, AugmentConfig(), p, 1, 0, folder / "none/sheet.png"),
      OutputError);
}

TEST(ContactSheet, NumbersTheRowsWhoseTextItCannotDraw) {
  TemporaryFolder folder;
  std::vector<Sample> samples;
  const std::vector<std::string> names = {"plain.png", "caf\xC3\xA9.png", "\xE7\x8C\xAB.png"};
  for (const std::string& name : names) {
    samples.push_back({folder.write(name, encode(gradient(40, 40), ".png")), 0});
  }
  Preprocessing p;
  p.height = p.width = p.resize = 32;
  const auto rows = write_contact_sheet(samples, {"a", "b", "\xC3\xA9"}, AugmentConfig(), p, 0, 0,
                                        folder / "s.png");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_TRUE(rows[0].is_drawn);
  EXPECT_FALSE(rows[1].is_drawn);
  EXPECT_FALSE(rows[2].is_drawn);
  EXPECT_EQ(rows[1].text, "b  caf\xC3\xA9.png");
  EXPECT_EQ(rows[2].text, "\xC3\xA9  \xE7\x8C\xAB.png");
}

TEST(ContactSheet, EndsOnASignal) {
  const std::vector<Sample> samples = {{"never read", 0}};
  const auto draw = [&samples] {
    install_signal_handlers();
    std::raise(SIGTERM);
    try {
      write_contact_sheet(samples, {"x"}, AugmentConfig(), Preprocessing(), 1, 0, "never written");
    } catch (const Interrupted& stop) {
      std::_Exit(status_of(stop.exit_code()));
    }
    std::_Exit(1);
  };
  // Earlier tests have started threads of OpenCV, and ThreadSanitizer delivers no signal in a
  // process that was forked beside other threads.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(draw(), testing::ExitedWithCode(143), "");
}

}  // namespace
}  // namespace transfer
