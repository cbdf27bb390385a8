#include "app/preparation/unused_settings.h"

#include <gmock/gmock.h>

#include "models/strategy.h"

namespace transfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Config config_of(const std::string& strategy) {
  Config config;
  config.strategy = strategy;
  return config;
}

std::vector<std::string> keys(const std::vector<UnusedSetting>& settings) {
  std::vector<std::string> keys;
  for (const UnusedSetting& setting : settings) keys.push_back(setting.key);
  return keys;
}

/// The configuration that flags and --set give.
Config resolved(const std::vector<std::string>& settings) {
  ConfigSources sources;
  sources.settings = settings;
  return resolve_config(sources, strategy_choices());
}

TEST(UnusedSettings, PresetsUseWhatTheySet) {
  for (const Strategy& strategy : list_strategies()) {
    EXPECT_THAT(keys(unused_settings(resolved({"strategy=" + strategy.name}))), IsEmpty())
        << strategy.name;
    EXPECT_THAT(keys(unused_settings(resolved({"strategy=" + strategy.name, "head.hidden=[8]"}))),
                IsEmpty())
        << strategy.name;
  }
}

TEST(UnusedSettings, ATeachersWeightNeedsATeacher) {
  const std::vector<std::string> settings = {"strategy=fine-tune", "train.teacher_weight=0.9",
                                             "train.teacher_temperature=4"};
  const auto unused = unused_settings(resolved(settings));
  EXPECT_THAT(keys(unused), ElementsAre("train.teacher_weight", "train.teacher_temperature"));
  EXPECT_THAT(unused.front().used_with, ElementsAre("train.teacher=MODEL"));
  auto with_teacher = settings;
  with_teacher.emplace_back("train.teacher=model.pt");
  EXPECT_THAT(keys(unused_settings(resolved(with_teacher))), IsEmpty());
  auto frozen = settings;
  frozen.front() = "strategy=freeze-conv";
  EXPECT_TRUE(unused_settings(resolved(frozen)).front().used_with.empty());
}

TEST(UnusedSettings, WhatLbfgsDoesNotTakeIsNamed) {
  for (const char* setting :
       {"train.epochs=7", "train.lr=0.5", "train.batch_size=9", "train.schedule=step",
        "train.step_epochs=3", "train.plateau_factor=0.3", "train.warmup_epochs=1",
        "train.momentum=0.5", "train.scale_lr_by_batch=true", "train.min_delta=0.1",
        "train.checkpoint_epochs=3", "augment.preset=strong", "augment.rotate=0.5"}) {
    const std::string key = std::string(setting).substr(0, std::string(setting).find('='));
    EXPECT_THAT(keys(unused_settings(resolved({setting}))), ElementsAre(key)) << setting;
  }
}

TEST(UnusedSettings, WhatIsProposedGivesThemAnEffect) {
  int proposals = 0;
  for (const char* strategy : {"freeze-conv", "fine-tune"}) {
    for (const char* setting :
         {"train.epochs=7", "train.lr=0.5", "train.step_epochs=3", "train.plateau_patience=9",
          "train.warmup_epochs=2", "train.momentum=0.5", "train.min_delta=0.1",
          "train.iterations=7", "augment.preset=strong", "augment.rotate_degrees=[1, 2]",
          "augment.randaugment_magnitude=3", "augment.crop_area=[0.9, 1]", "head.dropout=0.5"}) {
      // The optimizer of a frozen head with a schedule that has its own warm-up is the worst case.
      std::vector<std::string> settings = {std::string("strategy=") + strategy, setting,
                                           "augment.preset=none"};
      if (std::string(setting).starts_with("augment.preset")) settings.pop_back();
      if (std::string(setting).starts_with("train.warmup")) {
        settings.push_back("train.schedule=onecycle");
      }
      for (int i = 0; i < 2; ++i) {
        for (const UnusedSetting& unused : unused_settings(resolved(settings))) {
          settings.insert(settings.end(), unused.used_with.begin(), unused.used_with.end());
          proposals += static_cast<int>(unused.used_with.size());
        }
      }
      const auto left = keys(unused_settings(resolved(settings)));
      const bool needs_another_strategy = std::string(setting).starts_with("train.iterations") &&
                                          settings[0] == "strategy=fine-tune";
      EXPECT_EQ(left.empty(), !needs_another_strategy) << strategy << ' ' << setting;
    }
  }
  EXPECT_GT(proposals, 12);
}

TEST(UnusedSettings, AStrengthNeedsItsProbability) {
  EXPECT_THAT(keys(unused_settings(resolved(
                  {"strategy=fine-tune", "augment.preset=none", "augment.rotate_degrees=[1, 2]"}))),
              ElementsAre("augment.rotate_degrees"));
  EXPECT_THAT(keys(unused_settings(resolved(
                  {"strategy=fine-tune", "augment.rotate=0.1", "augment.rotate_degrees=[1, 2]"}))),
              IsEmpty());
}

TEST(UnusedSettings, AFrozenTrunkUsesNothingOfTrainedLayers) {
  Config config = config_of("freeze-conv");
  EXPECT_THAT(keys(unused_settings(config)), IsEmpty()) << "defaults are not asked for";
  config.train.ema = 0.9;
  config.augment.mixup = 0.2;
  config.cache.precision = CachePrecision::kFloat16;
  config.cut = "stage";
  config.cache.share = true;
  config.train.iterations = 7;
  EXPECT_THAT(keys(unused_settings(config)),
              UnorderedElementsAre("train.ema", "augment.mixup", "cache.precision", "cut"));
  config.strategy = "early-features";
  EXPECT_THAT(keys(unused_settings(config)),
              UnorderedElementsAre("train.ema", "augment.mixup", "cache.precision"));
}

TEST(UnusedSettings, TrainedLayersStoreFeaturesOnlyOfFrozenStagesOrForTheHead) {
  Config config = config_of("fine-tune");
  config.train.iterations = 7;
  config.cache.share = true;
  config.cache.activations = false;
  EXPECT_THAT(keys(unused_settings(config)),
              UnorderedElementsAre("train.iterations", "cache.share", "cache.activations"));
  config.head.start = HeadStart::kFitted;
  EXPECT_THAT(keys(unused_settings(config)),
              UnorderedElementsAre("train.iterations", "cache.activations"));
  config.head.start = HeadStart::kRandom;
  config.train.freeze_stages = 2;
  EXPECT_THAT(keys(unused_settings(config)), ElementsAre("train.iterations"));
  config.augment.flip_horizontal = 0.5;
  EXPECT_THAT(keys(unused_settings(config)),
              UnorderedElementsAre("train.iterations", "cache.activations"))
      << "no image repeats";
}

TEST(UnusedSettings, OnlyHiddenLayersHaveAnActivation) {
  Config config = config_of("retrain");
  config.head.activation = Activation::kTanh;
  EXPECT_THAT(keys(unused_settings(config)), ElementsAre("head.activation"));
  config.head.hidden = {8};
  EXPECT_THAT(keys(unused_settings(config)), IsEmpty());
}

TEST(UnusedSettings, OfALossAreNamedApart) {
  Config config = config_of("retrain");
  config.head.huber_delta = 2;
  config.train.top_k = 3;
  config.head.focal_gamma = 1;
  config.head.logit_adjustment = 0.5;
  EXPECT_THAT(keys(settings_unused_by_loss(config)),
              ElementsAre("head.focal_gamma", "head.logit_adjustment", "head.huber_delta"));
  config.head.loss = LossKind::kFocal;
  EXPECT_THAT(keys(settings_unused_by_loss(config)),
              ElementsAre("head.logit_adjustment", "head.huber_delta"));
  config.head.loss = LossKind::kLogitAdjusted;
  EXPECT_THAT(keys(settings_unused_by_loss(config)),
              ElementsAre("head.focal_gamma", "head.huber_delta"));
  config.train.label_thresholds = LabelThresholds::kFixed;
  EXPECT_THAT(keys(settings_unused_by_loss(config)),
              ElementsAre("head.focal_gamma", "head.huber_delta", "train.label_thresholds"));
  config.train.label_thresholds = LabelThresholds::kAuto;
  config.head.focal_gamma = HeadConfig().focal_gamma;
  config.head.logit_adjustment = HeadConfig().logit_adjustment;
  EXPECT_THAT(keys(unused_settings(config)), IsEmpty());
  config.task = Task::kRegression;
  config.head.loss = LossKind::kHuber;
  EXPECT_THAT(keys(settings_unused_by_loss(config)), ElementsAre("train.top_k"));
}

}  // namespace
}  // namespace transfer
