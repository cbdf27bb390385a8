#include "app/report/terminal_messages.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace transfer {
namespace {

/// What a log holds after everything was said with these options.
std::string said(const MessageOptions& options) {
  testing::internal::CaptureStderr();
  TerminalMessages messages(options);
  messages.note("{} stays as it is");
  messages.warning("a.png");
  messages.detail("threads 2");
  const auto progress = messages.begin({"train", 10, "images"});
  progress->advance(4);
  progress->advance(6);
  progress->finish();
  const auto part = messages.begin({"epoch 1", 2, "images", 0, /*tells_end=*/false});
  part->advance(2);
  part->finish();
  messages.event("epoch", {{"epoch", 1}}, "epoch 1: val loss 0.5");
  messages.draw({"no terminal"});
  messages.error("transfer", "broken", 3);
  return testing::internal::GetCapturedStderr();
}

TEST(TerminalMessages, AreLinesWhereStderrIsNoTerminal) {
  EXPECT_THAT(said({}), testing::MatchesRegex(
                            "\\{\\} stays as it is\nwarning: a.png\ntrain: 10 images in [0-9.]+ s\n"
                            "epoch 1: val loss 0.5\ntransfer: broken\n"));
}

TEST(TerminalMessages, FollowTheFlags) {
  EXPECT_EQ(said({.quiet = true}), "transfer: broken\n");
  EXPECT_EQ(said({.no_progress = true}),
            "{} stays as it is\nwarning: a.png\nepoch 1: val loss 0.5\ntransfer: broken\n");
  EXPECT_THAT(
      said({.verbose = true}),
      testing::MatchesRegex("\\{\\} stays as it is\nwarning: a.png\nthreads 2\n"
                            "train: 10 images in [0-9.]+ s\nepoch 1: 2 images in [0-9.]+ s\n"
                            "epoch 1: val loss 0.5\ntransfer: broken\n"));
}

}  // namespace
}  // namespace transfer
