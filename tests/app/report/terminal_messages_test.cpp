#include "app/report/terminal_messages.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

TEST(TerminalMessages, AreLinesWhereStderrIsNoTerminal) {
  testing::internal::CaptureStderr();
  TerminalMessages messages;
  messages.note("{} stays as it is");
  messages.warning("a.png");
  const auto progress = messages.begin("train", 10, "images");
  progress->advance(4);
  progress->advance(6);
  progress->finish();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::MatchesRegex(
                  "\\{\\} stays as it is\nwarning: a.png\ntrain: 10 images in [0-9.]+ s\n"));
}

}  // namespace
}  // namespace transfer
