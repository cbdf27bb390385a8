#include "app/report/terminal_text.h"

#include <gtest/gtest.h>

namespace transfer {
namespace {

TEST(TerminalText, CountsTheColumnsOfCharacters) {
  EXPECT_EQ(columns_of("R² 0.5"), 6);
  EXPECT_EQ(columns_of("猫 cat"), 6) << "East Asian characters take two";
  EXPECT_EQ(columns_of("e\u0301"), 1) << "an accent stands on its letter";
}

TEST(TerminalText, IsCutToColumns) {
  EXPECT_EQ(cut_to_columns("a cat", 5), "a cat");
  EXPECT_EQ(cut_to_columns("a cat sat", 5), "a ca…");
  EXPECT_EQ(cut_to_columns("猫猫猫", 4), "猫…");
  EXPECT_EQ(cut_to_columns("abc", 0), "");
}

TEST(TerminalText, AListIsCutBetweenItsParts) {
  const std::string list = "epoch 3: val accuracy 88.00 %, val loss 0.4100, lr 0.001";
  EXPECT_EQ(cut_list_to_columns(list, 60), list);
  EXPECT_EQ(cut_list_to_columns(list, 50), "epoch 3: val accuracy 88.00 %, val loss 0.4100");
  EXPECT_EQ(cut_list_to_columns(list, 37), "epoch 3: val accuracy 88.00 %");
  EXPECT_EQ(cut_list_to_columns(list, 10), "epoch 3: …");
}

}  // namespace
}  // namespace transfer
