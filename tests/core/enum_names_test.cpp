#include "core/enum_names.h"

#include <gmock/gmock.h>

#include "core/objective.h"

namespace transfer {
namespace {

enum class Colour { kRed, kDarkBlue };

}  // namespace

template <>
inline constexpr std::array<std::string_view, 2> kNames<Colour> = {"red", "dark_blue"};

namespace {

enum class Nameless { kOne };

TEST(EnumNames, NamesAndValuesBelongTogether) {
  EXPECT_EQ(name_of(Colour::kDarkBlue), "dark_blue");
  EXPECT_EQ(parse_name<Colour>("red"), Colour::kRed);
  EXPECT_EQ(parse_name<Colour>("Red"), std::nullopt);
  EXPECT_EQ(parse_name<Colour>(""), std::nullopt);
  EXPECT_THAT(all_names<Colour>(), testing::ElementsAre("red", "dark_blue"));
}

TEST(EnumNames, OnlyEnumsWithNamesHaveThem) {
  static_assert(NamedEnum<LossKind>);
  static_assert(!NamedEnum<Nameless>);
  static_assert(!NamedEnum<int>);
  EXPECT_THROW(name_of(static_cast<Colour>(2)), std::out_of_range) << "a value without a name";
}

TEST(EnumNames, EveryLossIsOfOneTask) {
  for (const std::string& name : all_names<LossKind>()) {
    Objective objective;
    objective.loss = *parse_name<LossKind>(name);
    const bool has_values = objective.targets() == TargetKind::kValues;
    EXPECT_EQ(objective.task(), has_values ? Task::kRegression : Task::kClassification) << name;
  }
}

}  // namespace
}  // namespace transfer
