#include <gmock/gmock.h>

#include "configs/config.h"
#include "core/errors.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Objective objective_for(const std::vector<std::string>& settings) {
  ConfigSources sources;
  sources.settings = settings;
  return objective_of(resolve_config(sources, kStrategies));
}

TEST(Objective, TaskAndLossGiveTheObjective) {
  EXPECT_EQ(objective_for({}).loss, LossKind::kCrossEntropy);
  EXPECT_EQ(objective_for({"task=regression"}).loss, LossKind::kMeanSquaredError);
  EXPECT_EQ(objective_for({"head.loss=binary_cross_entropy"}).targets(), TargetKind::kLabels);
  const Objective huber =
      objective_for({"task=regression", "head.loss=huber", "head.huber_delta=0.25"});
  EXPECT_EQ(huber.targets(), TargetKind::kValues);
  EXPECT_EQ(huber.huber_delta, 0.25);
  const Objective focal = objective_for({"head.loss=focal", "head.focal_gamma=3"});
  EXPECT_EQ(focal.targets(), TargetKind::kClass);
  EXPECT_EQ(focal.focal_gamma, 3);
  const Objective adjusted =
      objective_for({"head.loss=logit_adjusted", "head.logit_adjustment=0.5"});
  EXPECT_EQ(adjusted.targets(), TargetKind::kClass);
  EXPECT_EQ(adjusted.logit_adjustment, 0.5);
}

TEST(Objective, SettingsThatExcludeEachOtherAreRefused) {
  const auto message = [](const std::vector<std::string>& settings) {
    ConfigSources sources;
    sources.settings = settings;
    return message_of(sources);
  };
  EXPECT_THAT(message({"task=regression", "head.loss=cross_entropy"}),
              AllOf(HasSubstr("exclude each other"), HasSubstr("mse, mae or huber")));
  EXPECT_THAT(message({"head.loss=mse"}),
              AllOf(HasSubstr("task: classification"), HasSubstr("--task regression")));
  for (const std::string setting :
       {"head.label_smoothing=0.1", "head.class_weights=auto", "data.sampler=balanced"}) {
    const std::string key = setting.substr(0, setting.find('='));
    EXPECT_THAT(message({"task=regression", setting}), AllOf(HasSubstr(key), HasSubstr("mse")));
    EXPECT_THAT(message({"head.loss=binary_cross_entropy", setting}),
                AllOf(HasSubstr(key), HasSubstr("binary_cross_entropy")));
  }
  for (const std::string loss : {"focal", "logit_adjusted"}) {
    EXPECT_THAT(message({"task=regression", "head.loss=" + loss}),
                AllOf(HasSubstr("head.loss: " + loss), HasSubstr("mse, mae or huber")));
  }
  for (const std::string setting : {"head.class_weights=auto", "data.sampler=balanced"}) {
    EXPECT_THAT(message({"head.loss=logit_adjusted", setting}),
                AllOf(HasSubstr(setting.substr(0, setting.find('='))),
                      HasSubstr("head.loss: logit_adjusted exclude each other")));
    EXPECT_NO_THROW(objective_for({"head.loss=focal", setting}));
  }
  for (const std::string setting : {"head.loss=focal", "head.loss=logit_adjusted",
                                    "head.loss=binary_cross_entropy", "task=regression"}) {
    EXPECT_THAT(message({"train.teacher=a.pt", setting}),
                AllOf(HasSubstr("train.teacher: 'a.pt'"), HasSubstr("head.loss=cross_entropy")));
  }
  EXPECT_NO_THROW(objective_for({"train.teacher=a.pt", "head.label_smoothing=0.1"}));
  EXPECT_THAT(message({"head.focal_gamma=-1"}), HasSubstr("a number from 0 to 20"));
  EXPECT_THAT(message({"head.logit_adjustment=11"}), HasSubstr("a number from 0 to 10"));
  EXPECT_THAT(message({"data.targets=weight"}), HasSubstr("--task regression"));
  EXPECT_THAT(message({"head.loss=cross_entropi"}), HasSubstr("did you mean 'cross_entropy'?"));
  EXPECT_THAT(message({"data.targets={a: b}"}), HasSubstr("a list of texts"));
}

TEST(Objective, APresetsLabelSmoothingIsForCrossEntropyOnly) {
  ConfigSources sources;
  sources.preset = "retrain";
  EXPECT_GT(resolve_config(sources, kStrategies).head.label_smoothing, 0);
  for (const std::string setting :
       {"task=regression", "head.loss=focal", "head.loss=logit_adjusted"}) {
    sources.settings = {setting};
    EXPECT_EQ(resolve_config(sources, kStrategies).head.label_smoothing, 0) << setting;
  }
  sources.settings.emplace_back("head.label_smoothing=0.2");
  EXPECT_EQ(resolve_config(sources, kStrategies).head.label_smoothing, 0.2);
}

}  // namespace
}  // namespace transfer
