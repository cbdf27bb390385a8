#include "configs/column_roles.h"

#include <gmock/gmock.h>

#include "tests/configs/config_message.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(ColumnRoles, NamesAreTakenWhateverTheyHold) {
  const ColumnRoles roles = column_roles({"label=the=class", "path=photo file"});
  EXPECT_EQ(roles.path, "photo file");
  EXPECT_EQ(roles.label, "the=class");
  EXPECT_EQ(roles.split, "");
  EXPECT_EQ(column_roles({"group=patient"}).group, "patient");
}

TEST(ColumnRoles, OthersAreRefused) {
  const auto message = [](const std::vector<std::string>& settings) {
    ConfigSources sources;
    sources.settings = settings;
    return message_of(sources);
  };
  EXPECT_THAT(message({"data.columns=[image=file]"}),
              AllOf(HasSubstr("'image=file'"), HasSubstr("path=NAME")));
  EXPECT_THAT(message({"data.columns=[path]"}), HasSubstr("'path'"));
  EXPECT_THAT(message({"data.columns=[path=]"}), HasSubstr("'path='"));
  EXPECT_THAT(message({"data.columns=[path=a, path=b]"}), HasSubstr("named twice"));
  EXPECT_THAT(message({"data.columns=[label=grams]", "task=regression"}),
              HasSubstr("data.targets=grams"));
  EXPECT_THAT(message({"data.columns=[group=patient]", "data.group_by=x"}),
              HasSubstr("exclude each other"));
  EXPECT_THAT(message({"data.group_by=(a"}), HasSubstr("no regular expression"));
}

}  // namespace
}  // namespace transfer
