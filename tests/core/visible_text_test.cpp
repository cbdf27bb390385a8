#include "core/visible_text.h"

#include <gtest/gtest.h>

#include "core/messages.h"

namespace transfer {
namespace {

TEST(VisibleText, OrdinaryNamesStayAsTheyAre) {
  for (const std::string text : {"", "a b/c-1.png", "Käfer", "犬", "😀", "100 % \\n 'x'"}) {
    EXPECT_EQ(visible(text), text);
    EXPECT_EQ(visible_lines(text), text);
  }
}

TEST(VisibleText, WhatMovesTheCursorOrForgesALineIsSpelledOut) {
  EXPECT_EQ(visible("\033[31mred\a.png"), "\\x1b[31mred\\x07.png");
  EXPECT_EQ(visible("a\nwarning: b\r\tc\x7F"), "a\\nwarning: b\\r\\tc\\x7f");
  EXPECT_EQ(visible(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(visible("\xC2\x9B"
                    "31m"),
            "\\x9b31m")
      << "C1 control characters";
  EXPECT_EQ(visible("exe.\u202Egnp\u2066"), "exe.\\u{202e}gnp\\u{2066}");
  EXPECT_EQ(visible("caf\xE9 \xF0\x9F"), "caf\\xe9 \\xf0\\x9f") << "not UTF-8";
  EXPECT_EQ(visible_lines("a\nb\033c\n"), "a\nb\\x1bc\n");
}

TEST(VisibleText, MessagesShowIt) {
  testing::internal::CaptureStderr();
  note("{} is read", "a\033[2J\nb");
  warn("left out: {}", "c\rd");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "a\\x1b[2J\\nb is read\nwarning: left out: c\\rd\n");
}

}  // namespace
}  // namespace transfer
