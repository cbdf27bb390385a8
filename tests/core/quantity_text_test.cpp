#include "core/quantity_text.h"

#include <gmock/gmock.h>

#include "core/count_text.h"
#include "core/display_width.h"
#include "core/duration.h"

namespace transfer {
namespace {

TEST(QuantityText, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(0.4), "0.40 s");
  EXPECT_EQ(duration_text(2.25), "2.2 s");
  EXPECT_EQ(duration_text(9.96), "10 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(59.6), "1 min");
  EXPECT_EQ(duration_text(125), "2 min 5 s");
  EXPECT_EQ(duration_text(3600), "1 h");
  EXPECT_EQ(duration_text(11400), "3 h 10 min");
  EXPECT_EQ(duration_text(86400), "1 day");
  EXPECT_EQ(duration_text(2.0 * 86400 + 4 * 3600), "2 days 4 h");
}

TEST(QuantityText, BytesAndAmounts) {
  EXPECT_EQ(bytes_text(1), "1 byte");
  EXPECT_EQ(bytes_text(950), "950 bytes");
  EXPECT_EQ(bytes_text(1.2e9), "1.2 GB");
  EXPECT_EQ(bytes_text(38'400), "38 kB");
  EXPECT_EQ(bytes_text(999'960), "1.0 MB");
  EXPECT_EQ(amount_text(950), "950");
  EXPECT_EQ(amount_text(385e6), "385 M");
  EXPECT_EQ(amount_text(4'652'008), "4.7 M");
}

TEST(QuantityText, LossesFromAMillionOnAreShort) {
  EXPECT_EQ(fixed_text(0.41234), "0.4123");
  EXPECT_EQ(fixed_text(999999), "999999.0000");
  EXPECT_EQ(fixed_text(69180875028179134126751744.0), "6.918e+25");
  EXPECT_EQ(fixed_text(-2e6), "-2.000e+06");
}

TEST(QuantityText, Plurals) {
  EXPECT_EQ(count_text(1, "thread"), "1 thread");
  EXPECT_EQ(count_text(2, "thread"), "2 threads");
  EXPECT_EQ(count_of(1, "class", "classes"), "1 class");
  EXPECT_EQ(count_of(0, "class", "classes"), "0 classes");
}

TEST(DisplayWidth, WideAndCombiningCharacters) {
  EXPECT_EQ(display_width("plain"), 5U);
  EXPECT_EQ(display_width("青い鳥"), 6U);
  EXPECT_EQ(display_width("e\u0301te\u0301"), 3U);
  EXPECT_EQ(display_width("\xFF\n"), 2U);
  EXPECT_EQ(padded("青い", 6), "青い  ");
  EXPECT_EQ(padded("too long", 3), "too long");
  EXPECT_EQ(shortened("plain", 5), "plain");
  EXPECT_EQ(shortened("plainer", 5), "plai…");
  EXPECT_EQ(shortened("青い鳥", 5), "青い…");
  EXPECT_EQ(shortened("青い鳥", 4), "青…");
}

TEST(Duration, UnitsFromLongToShort) {
  EXPECT_EQ(parse_duration("90"), 90);
  EXPECT_EQ(parse_duration("90s"), 90);
  EXPECT_EQ(parse_duration("1h30m"), 5400);
  EXPECT_EQ(parse_duration("1.5h"), 5400);
  EXPECT_EQ(parse_duration("1d2h3m4s"), 93784);
  for (const char* wrong : {"", "m", "1x", "-5", "1m1h", "1h30", "1 h", "1..5h", "nan", "1m1m"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
  for (const double seconds : {0.0, 1.0, 90.0, 1800.0, 5400.0, 86400.0, 0.001, 1e8}) {
    EXPECT_EQ(parse_duration(duration_setting(seconds)), seconds);
  }
  EXPECT_EQ(duration_setting(7200), "2h");
  EXPECT_EQ(duration_setting(5400), "90m");
}

}  // namespace
}  // namespace transfer
