#include "core/text_table.h"

#include <gtest/gtest.h>

namespace transfer {
namespace {

TEST(TextTable, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(
      text_table({{"name"}, {"val", true}, {"remark"}}, {{"a", "100", "x"}, {"青い鳥の", "9", ""}}),
      "name      val  remark\n"
      "a         100  x\n"
      "青い鳥の    9\n");
  EXPECT_EQ(text_table({{"name"}}, {}), "name\n");
}

}  // namespace
}  // namespace transfer
