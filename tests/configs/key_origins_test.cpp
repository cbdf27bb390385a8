#include <gmock/gmock.h>

#include "configs/config.h"
#include "configs/fields.h"
#include "core/errors.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

TEST(KeyOrigins, EveryKeyHasOne) {
  ConfigSources sources;
  sources.settings = {"train.ema=0.5", "augment.preset=light"};
  sources.flags = {{"strategy", "fine-tune"}, {"train.epochs", "3"}, {"data.path", "x"}};
  KeyOrigins origins;
  Config config = resolve_config(sources, kStrategies, &origins);
  EXPECT_EQ(origins.size(), fields_of(config).size());
  EXPECT_EQ(origins.at("train.epochs"), "--epochs");
  EXPECT_EQ(origins.at("data.path"), "--data");
  EXPECT_EQ(origins.at("train.ema"), "--set");
  EXPECT_EQ(origins.at("train.optimizer"), "preset fine-tune");
  EXPECT_EQ(origins.at("train.momentum"), "default");
  EXPECT_EQ(origins.at("augment.crop"), "augment.preset");
}

TEST(TimeLimit, IsReadWithAndWithoutUnits) {
  for (const auto& [text, seconds] :
       std::vector<std::pair<std::string, double>>{{"90", 90}, {"30m", 1800}, {"0", 0}}) {
    ConfigSources sources;
    sources.settings = {"train.time_limit=" + text};
    const Config config = resolve_config(sources, kStrategies);
    EXPECT_EQ(config.train.time_limit.seconds, seconds);
    EXPECT_THAT(to_yaml(config), testing::HasSubstr(seconds == 1800 ? "time_limit: 30m\n"
                                                    : seconds == 90 ? "time_limit: 90s\n"
                                                                    : "time_limit: 0\n"));
  }
  ConfigSources wrong;
  wrong.flags = {{"train.time_limit", "soon"}};
  try {
    resolve_config(wrong, kStrategies);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("--time-limit"), testing::HasSubstr("'soon'"),
                               testing::HasSubstr("30m")));
  }
}

}  // namespace
}  // namespace transfer
