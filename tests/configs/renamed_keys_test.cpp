#include "configs/renamed_keys.h"

#include <gmock/gmock.h>

#include "configs/yaml_settings.h"
#include "core/errors.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

KnownKeys known() {
  return {.names = {"seed", "train.lr", "train.epochs"},
          .renamed = {{"train.learning_rate", "train.lr"}, {"fit.epochs", "train.epochs"}}};
}

TEST(RenamedKeys, AnOldNameInAFileIsReadWithAWarning) {
  CaptureStderr();
  const auto settings =
      flatten(YAML::Load("seed: 1\ntrain:\n  learning_rate: 0.5\n"), "a.yaml", known());
  const std::string warning = GetCapturedStderr();
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings[1].key, "train.lr");
  EXPECT_EQ(settings[1].value.as<double>(), 0.5);
  EXPECT_THAT(warning, AllOf(HasSubstr("warning"), HasSubstr("a.yaml:3"),
                             HasSubstr("train.learning_rate"), HasSubstr("train.lr")));
}

TEST(RenamedKeys, AGroupThatIsGoneIsRead) {
  CaptureStderr();
  const auto settings = flatten(YAML::Load("fit: {epochs: 3}"), "b.yaml", known());
  EXPECT_THAT(GetCapturedStderr(), AllOf(HasSubstr("fit.epochs"), HasSubstr("train.epochs")));
  ASSERT_EQ(settings.size(), 1U);
  EXPECT_EQ(settings[0].key, "train.epochs");
}

TEST(RenamedKeys, AnOldNameOnTheCommandLineIsReadWithAWarning) {
  CaptureStderr();
  const Setting setting = read_assignment("train.learning_rate=0.25", known());
  EXPECT_THAT(GetCapturedStderr(), AllOf(HasSubstr("--set"), HasSubstr("train.lr")));
  EXPECT_EQ(setting.key, "train.lr");
  EXPECT_EQ(setting.value.as<double>(), 0.25);
}

TEST(RenamedKeys, EachPlaceIsWarnedOfOnce) {
  const std::vector<RenamedKey> renamed = {{"old", "new"}};
  CaptureStderr();
  EXPECT_EQ(current_name("old", renamed, "c.yaml:1"), "new");
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("c.yaml:1"));
  CaptureStderr();
  EXPECT_EQ(current_name("old", renamed, "c.yaml:1"), "new");
  EXPECT_EQ(current_name("new", renamed, "c.yaml:2"), "new");
  EXPECT_EQ(GetCapturedStderr(), "");
}

TEST(RenamedKeys, TheOldAndTheNewNameAreNotGivenTogether) {
  CaptureStderr();
  EXPECT_THROW(flatten(YAML::Load("train: {lr: 1, learning_rate: 2}"), "d.yaml", known()),
               ConfigError);
  GetCapturedStderr();
}

TEST(RenamedKeys, NewNamesExist) {
  const auto names = config_keys().names;
  for (const RenamedKey& key : kRenamedKeys) {
    EXPECT_THAT(names, testing::Contains(key.new_name));
    EXPECT_THAT(names, testing::Not(testing::Contains(key.old_name)));
  }
}

}  // namespace
}  // namespace transfer
