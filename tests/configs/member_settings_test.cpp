#include "configs/member_settings.h"

#include <gmock/gmock.h>

#include "core/errors.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

using testing::HasSubstr;

TEST(MemberSettings, AreWhatDiffersFromTheWholeRunAndGiveItBack) {
  Config run;
  run.strategy = "auto";
  run.seed = 4;
  Config member = run;
  member.strategy = "fine-tune";
  member.backbone = "other";
  member.data.input_size = {48, 64};
  member.train.lr = 1e-5;
  member.out = "runs/a/members/1";
  member.train.time_limit = {60};
  const std::string settings = settings_of_member(run, member);
  EXPECT_EQ(settings,
            "strategy=fine-tune; backbone=other; data.input_size=[48, 64]; train.lr=1e-05");

  const Config again = config_of_member(run, settings, {"fine-tune"});
  EXPECT_EQ(settings_of_member(run, again), settings);
  EXPECT_EQ(again.seed, 4);
  EXPECT_EQ(again.train.lr, 1e-5);
  EXPECT_EQ(again.train.time_limit.seconds, 0);
}

TEST(MemberSettings, AreRefusedWhereTheyNameNoSingleModel) {
  Config run;
  run.strategy = "auto";
  const std::vector<std::string> models = {"freeze-conv", "fine-tune"};
  const auto message = [&](const std::string& settings) {
    try {
      config_of_member(run, settings, models);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message("seed=1"),
              testing::AllOf(HasSubstr("members: 'seed=1'"), HasSubstr("names no strategy")));
  EXPECT_THAT(message("strategy=auto"), HasSubstr("'auto'"));
  EXPECT_THAT(message("strategy=fine-tune; sed=1"), HasSubstr("did you mean 'seed'"));
  EXPECT_THAT(message("strategy=fine-tune; quality=best"), HasSubstr("of the whole run"));
  EXPECT_THAT(message("strategy=fine-tune; data.path=x"), HasSubstr("of the whole run"));
  EXPECT_THAT(message("strategy=fine-tune; seed=many"), HasSubstr("many"));
  EXPECT_THAT(message("strategy=fine-tune; task=regression"), HasSubstr("of the whole run"));
  EXPECT_THAT(message("strategy=fine-tune; head.loss=focal"), HasSubstr("of the whole run"));
  EXPECT_THAT(message("strategy=fine-tune; data.folds=3"), HasSubstr("of the whole run"));
  EXPECT_THAT(message("strategy=fine-tune; seed=1; seed=2"), HasSubstr("seed is given twice"));
  EXPECT_THAT(message("strategy=fine-tune; head.hidden=[8]"), HasSubstr("train.optimizer=adamw"));
  EXPECT_THAT(message("strategy"), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(message(""), HasSubstr("names no strategy"));
  EXPECT_EQ(message("strategy=fine-tune; data.resize=pad;"), "");
}

TEST(Quality, ChoosesTheStrategyAndExcludesOthers) {
  ConfigSources sources;
  sources.flags = {{"quality", "best"}};
  EXPECT_EQ(resolve_config(sources, {"auto", "freeze-conv"}).strategy, "auto");
  sources.flags.emplace_back("strategy", "auto");
  EXPECT_EQ(resolve_config(sources, {"auto", "freeze-conv"}).strategy, "auto");
  sources.flags.emplace_back("strategy", "freeze-conv");
  EXPECT_THAT(message_of(sources),
              testing::AllOf(HasSubstr("quality: best"), HasSubstr("strategy: freeze-conv")));
  sources.flags = {{"quality", "fast"}, {"train.from_scratch", "true"}};
  EXPECT_THAT(message_of(sources), HasSubstr("train.from_scratch"));
  sources.flags = {{"quality", "fast"}, {"backbone", "flatten"}};
  EXPECT_THAT(message_of(sources), HasSubstr("backbone: flatten"));
  sources.flags = {{"quality", "bets"}};
  EXPECT_THAT(message_of(sources), HasSubstr("'best'"));
  sources.flags = {{"quality", "best"}};
  sources.settings = {"members=['strategy=freeze-conv']"};
  EXPECT_THAT(message_of(sources), HasSubstr("members exclude each other"));
  sources.flags = {{"train.time_limit", "10m"}};
  EXPECT_THAT(message_of(sources), HasSubstr("members and train.time_limit exclude each other"));
}

}  // namespace
}  // namespace transfer
