#include "app/preparation/unused_settings.h"

#include <gmock/gmock.h>

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

TEST(UnusedSettings, AFrozenTrunkUsesNothingOfTrainedLayers) {
  Config config = config_of("freeze-conv");
  EXPECT_THAT(unused_settings(config), IsEmpty()) << "defaults are not asked for";
  config.train.ema = 0.9;
  config.augment.mixup = 0.2;
  config.cache.precision = CachePrecision::kFloat16;
  config.cut = "stage";
  config.cache.share = true;
  config.train.iterations = 7;
  EXPECT_THAT(unused_settings(config),
              UnorderedElementsAre("train.ema", "augment.mixup", "cache.precision", "cut"));
  config.strategy = "early-features";
  EXPECT_THAT(unused_settings(config),
              UnorderedElementsAre("train.ema", "augment.mixup", "cache.precision"));
}

TEST(UnusedSettings, TrainedLayersStoreFeaturesOnlyOfFrozenStagesOrForTheHead) {
  Config config = config_of("fine-tune");
  config.train.iterations = 7;
  config.cache.share = true;
  config.cache.activations = false;
  EXPECT_THAT(unused_settings(config),
              UnorderedElementsAre("train.iterations", "cache.share", "cache.activations"));
  config.head.start = HeadStart::kFitted;
  EXPECT_THAT(unused_settings(config),
              UnorderedElementsAre("train.iterations", "cache.activations"));
  config.head.start = HeadStart::kRandom;
  config.train.freeze_stages = 2;
  EXPECT_THAT(unused_settings(config), ElementsAre("train.iterations"));
  config.augment.flip_horizontal = 0.5;
  EXPECT_THAT(unused_settings(config),
              UnorderedElementsAre("train.iterations", "cache.activations"))
      << "no image repeats";
}

TEST(UnusedSettings, OnlyHiddenLayersHaveAnActivation) {
  Config config = config_of("retrain");
  config.head.activation = Activation::kTanh;
  EXPECT_THAT(unused_settings(config), ElementsAre("head.activation"));
  config.head.hidden = {8};
  EXPECT_THAT(unused_settings(config), IsEmpty());
}

TEST(UnusedSettings, OfALossAreNamedApart) {
  Config config = config_of("retrain");
  config.head.huber_delta = 2;
  config.train.top_k = 3;
  EXPECT_THAT(settings_unused_by_loss(config), ElementsAre("head.huber_delta"));
  EXPECT_THAT(unused_settings(config), IsEmpty());
  config.task = Task::kRegression;
  config.head.loss = LossKind::kHuber;
  EXPECT_THAT(settings_unused_by_loss(config), ElementsAre("train.top_k"));
}

}  // namespace
}  // namespace transfer
