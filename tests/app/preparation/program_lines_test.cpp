#include "app/preparation/program_lines.h"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

namespace transfer {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(ProgramLines, EndWhereTheyEndHoweverTheyArrive) {
  std::vector<std::pair<std::string, bool>> lines;
  ProgramLines program([&lines](const std::string& line, bool is_drawn_over) {
    lines.emplace_back(line, is_drawn_over);
  });
  for (const char* piece : {"fir", "st\nsecond", "\n10%\r2", "0%\r", "\nlast"}) program.take(piece);
  program.finish();
  program.finish();
  EXPECT_THAT(lines, ElementsAre(Pair("first", false), Pair("second", false), Pair("10%", true),
                                 Pair("20%", true), Pair("", false), Pair("last", false)));
}

}  // namespace
}  // namespace transfer
