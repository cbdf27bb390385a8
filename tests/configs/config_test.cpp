#include "configs/config.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/errors.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

using testing::HasSubstr;

std::string write_yaml(const std::string& text) {
  std::string file = testing::TempDir() + "/config_test.yaml";
  std::ofstream(file) << text;
  return file;
}

TEST(Config, LaterSourcesWin) {
  ConfigSources sources;
  sources.files = {write_yaml("seed: 1\ntrain: {epochs: 11, lr: 0.5}\ndata: {path: a}\n")};
  sources.settings = {"train.lr=0.25", "seed=2"};
  sources.flags = {{"seed", "3"}};
  const Config config = resolve_config(sources, kStrategies);
  EXPECT_EQ(config.train.epochs, 11);
  EXPECT_EQ(config.train.lr, 0.25);
  EXPECT_EQ(config.seed, 3);
  EXPECT_EQ(config.data.path, "a");
  EXPECT_EQ(config.train.patience, 0) << "from the strategy's preset";
}

TEST(Config, PrintedConfigReadsBackToItself) {
  ConfigSources sources;
  sources.settings = {"data.path='a: \"b\" # c'",
                      "head.weight_decay=0.1",
                      "task=regression",
                      "data.targets=['a, b', \"c: d\"]",
                      "head.loss=huber",
                      "head.huber_delta=0.5",
                      "train.lr=1e-7",
                      "augment.preset=strong",
                      "augment.erase=0.125",
                      "augment.cutmix=0.3",
                      "augment.randaugment=2",
                      "train.checkpoint_minutes=7.5",
                      "train.from_scratch=true",
                      "data.input_size=160",
                      "cut=layer3",
                      "train.schedule=onecycle",
                      "train.precision=bfloat16"};
  const Config config = resolve_config(sources, kStrategies);
  ConfigSources again;
  again.files = {write_yaml(to_yaml(config))};
  const Config read = resolve_config(again, kStrategies);
  EXPECT_EQ(to_yaml(read), to_yaml(config));
  EXPECT_EQ(read.data.path, "a: \"b\" # c");
  EXPECT_EQ(read.train.lr, 1e-7);
  EXPECT_EQ(read.augment.erase, 0.125);
  EXPECT_EQ(read.augment.randaugment, 2);
  EXPECT_TRUE(read.train.from_scratch);
  EXPECT_EQ(read.data.input_size, (ImageSize{160, 160}));
  EXPECT_EQ(read.cut, "layer3");
  EXPECT_EQ(read.train.schedule, Schedule::kOneCycle);
}

TEST(Config, AugmentPresetFillsTheFieldsAroundIt) {
  ConfigSources sources;
  sources.files = {write_yaml("augment: {rotate: 0.75, preset: strong, views: 2}\n")};
  const Config config = resolve_config(sources, kStrategies);
  EXPECT_EQ(config.augment.rotate, 0.75);
  EXPECT_GT(config.augment.erase, 0);
  EXPECT_EQ(config.augment.views, 2);
}

TEST(Config, AugmentPresetLeavesCopiesAndBatchesAlone) {
  ConfigSources sources;
  sources.settings = {"augment.views=3", "augment.mixup=0.2", "augment.cutmix=1",
                      "augment.randaugment=2", "augment.preset=light"};
  const Config config = resolve_config(sources, kStrategies);
  EXPECT_EQ(config.augment.views, 3);
  EXPECT_EQ(config.augment.mixup, 0.2);
  EXPECT_EQ(config.augment.cutmix, 1);
  EXPECT_EQ(config.augment.randaugment, 2) << "given explicitly, if before the preset";
}

TEST(Config, ExplicitAugmentFieldsWinOverAPresetOfAnyLaterSource) {
  ConfigSources sources;
  sources.files = {write_yaml("augment: {flip_vertical: 0.7, erase: 0, views: 2}\n")};
  sources.settings = {"augment.rotate=0.25"};
  sources.flags = {{"augment.preset", "strong"}};
  const Config config = resolve_config(sources, kStrategies);
  EXPECT_EQ(config.augment.preset, AugmentPreset::kStrong);
  EXPECT_EQ(config.augment.flip_vertical, 0.7);
  EXPECT_EQ(config.augment.erase, 0);
  EXPECT_EQ(config.augment.rotate, 0.25);
  EXPECT_EQ(config.augment.views, 2);
  EXPECT_GT(config.augment.blur, 0) << "filled by the preset";
}

TEST(Config, TheStrongestAugmentPresetAloneFills) {
  ConfigSources sources;
  sources.files = {write_yaml("augment: {preset: strong, flip_vertical: 0.7}\n")};
  sources.flags = {{"augment.preset", "light"}};
  const Config config = resolve_config(sources, kStrategies);
  EXPECT_EQ(config.augment.preset, AugmentPreset::kLight);
  EXPECT_EQ(config.augment.blur, 0);
  EXPECT_EQ(config.augment.flip_vertical, 0.7);
}

TEST(Config, FieldsOfAPresetFileAreNotExplicit) {
  ConfigSources sources;
  sources.preset = "retrain";  // augment: strong, mixup 0.2
  sources.flags = {{"augment.preset", "none"}};
  const Config config = resolve_config(sources, {"retrain"});
  EXPECT_EQ(config.augment.crop + config.augment.rotate + config.augment.blur, 0);
  EXPECT_EQ(config.augment.mixup, 0.2);
}

TEST(Config, APrintedConfigTakesAnotherAugmentPreset) {
  ConfigSources sources;
  sources.settings = {"augment.preset=strong", "augment.flip_vertical=0.5"};
  ConfigSources again;
  again.files = {write_yaml(to_yaml(resolve_config(sources, kStrategies)))};
  again.flags = {{"augment.preset", "light"}};
  const Config config = resolve_config(again, kStrategies);
  EXPECT_EQ(config.augment.blur, 0) << "only repeated what 'strong' says";
  EXPECT_EQ(config.augment.flip_vertical, 0.5);
}

TEST(Config, WholeNumbersAreDecimal) {
  ConfigSources sources;
  sources.settings = {"seed=010"};
  EXPECT_EQ(resolve_config(sources, kStrategies).seed, 10);
  for (const std::string text : {"0x10", "1e3", "3 4", "99999999999999999999"}) {
    sources.settings = {"seed=" + text};
    EXPECT_THAT(message_of(sources), HasSubstr("expected a whole number")) << text;
  }
}

TEST(Config, InfinityIsRefused) {
  for (const std::string key : {"train.min_delta", "train.clip_norm"}) {
    ConfigSources sources;
    sources.settings = {key + "=.inf"};
    EXPECT_THAT(message_of(sources), HasSubstr(key + ": found '.inf', expected a number from 0"));
  }
}

TEST(Config, EveryPresetIsReadAndAStrategysNamesIt) {
  const std::vector<std::string> strategies = {"freeze-conv", "early-features", "all-features",
                                               "fine-tune",   "retrain",        "auto"};
  const std::vector<std::string> presets = list_presets();
  EXPECT_THAT(presets, testing::IsSupersetOf(strategies));
  for (const std::string& preset : presets) {
    ConfigSources sources;
    sources.preset = preset;
    const Config config = resolve_config(sources, strategies);
    if (testing::Matches(testing::Contains(preset))(strategies)) {
      EXPECT_EQ(config.strategy, preset);
    }
  }
}

TEST(Config, StrategiesBringTheirRecipes) {
  const std::vector<std::string> strategies = {"early-features", "fine-tune", "retrain"};
  const auto recipe = [&](const std::string& strategy) {
    ConfigSources sources;
    sources.flags = {{"strategy", strategy}};
    return resolve_config(sources, strategies);
  };
  EXPECT_EQ(recipe("early-features").cut, "");
  EXPECT_EQ(recipe("early-features").train.optimizer, Optimizer::kLbfgs);
  EXPECT_EQ(recipe("fine-tune").head.start, HeadStart::kFitted);
  EXPECT_LT(recipe("fine-tune").train.lr_decay, 1);
  EXPECT_EQ(recipe("fine-tune").head.weight_decay, 0.05);
  EXPECT_EQ(recipe("retrain").head.start, HeadStart::kRandom);
  EXPECT_EQ(recipe("retrain").train.lr_decay, 1);
  EXPECT_EQ(recipe("retrain").augment.mixup, 0.2);
}

TEST(Config, FineTuningIsOffUnlessAskedFor) {
  const TrainConfig train;
  EXPECT_EQ(train.freeze_epochs + train.unfreeze_every + train.freeze_stages, 0);
  EXPECT_EQ(train.lr_decay * train.head_lr_multiple, 1);
  EXPECT_EQ(train.accumulate, 1);
  EXPECT_EQ(train.clip_norm + train.ema + train.weight_decay, 0);
  EXPECT_FALSE(train.scale_lr_by_batch || train.from_scratch);
}

TEST(Config, UnknownKeyNamesLineAndNearest) {
  ConfigSources sources;
  const std::string file = write_yaml("seed: 1\ntrain:\n  epoch: 3\n");
  sources.files = {file};
  EXPECT_EQ(message_of(sources),
            file + ":3: unknown key 'train.epoch'; did you mean 'train.epochs'?");
  const std::string group = write_yaml("seed: 1\ntrian: {lr: 1}\n");
  sources.files = {group};
  EXPECT_EQ(message_of(sources), group + ":2: unknown key 'trian'; did you mean 'train'?");
}

TEST(Config, WrongValuesNameFoundAndExpected) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"train.epochs=many", "found 'many', expected a whole number from 1"},
      {"train.epochs=0", "expected a whole number from 1"},
      {"train.epochs=1.5", "expected a whole number"},
      {"data.val_fraction=2", "expected a number from 0.01 to 0.9"},
      {"head.weight_decay=car", "expected auto or a number"},
      {"augment.rotate_degrees=[5, -5]", "expected two numbers [smallest, largest]"},
      {"train.optimizer=adam", "did you mean 'adamw'?"},
      {"train.schedule=onecicle", "did you mean 'onecycle'?"},
      {"train.batch_norm=fold", "did you mean 'folded'?"},
      {"train.accumulate=0", "expected a whole number from 1"},
      {"train.ema=1", "expected a number from 0 to 0.999999"},
      {"train.scale_lr_by_batch=2", "expected true or false"},
      {"augment.randaugment_magnitude=11", "expected a number from 0 to 10"},
      {"data.sampler=balance", "did you mean 'balanced'?"},
      {"overwrite=perhaps", "expected true or false"},
      {"train.epochs=[1]", "found a list"},
      {"nokey", "expected KEY=VALUE"},
      {"sed=1", "did you mean 'seed'?"}};
  for (const auto& [setting, expected] : cases) {
    ConfigSources sources;
    sources.settings = {setting};
    EXPECT_THAT(message_of(sources), HasSubstr(expected)) << setting;
  }
}

TEST(Config, NotANumberIsRefused) {
  ConfigSources sources;
  sources.settings = {"train.lr=.nan"};
  EXPECT_THAT(message_of(sources), HasSubstr("expected a number"));
}

TEST(Config, BrokenFilesAreRefused) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"train: [", "not valid YAML"},
           {"- a\n", "expected `key: value` lines"},
           {"train: 3\n", "group of keys"},
           {"seed: 1\nseed: 2\n", ":2: seed: given twice"}}) {
    ConfigSources sources;
    sources.files = {write_yaml(text)};
    EXPECT_THAT(message_of(sources), HasSubstr(expected)) << text;
  }
  ConfigSources sources;
  sources.files = {"/does/not/exist.yaml"};
  EXPECT_THAT(message_of(sources), HasSubstr("cannot be read: No such file"));
}

TEST(Config, OnlyRegularFilesAreRead) {
  const auto pipe = std::filesystem::path(testing::TempDir()) / "transfer-config-pipe.yaml";
  std::filesystem::remove(pipe);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& file :
       std::vector<std::string>{pipe.string(), "/dev/zero", testing::TempDir()}) {
    ConfigSources sources;
    sources.files = {file};
    const std::string message = message_of(sources);
    EXPECT_THAT(message, HasSubstr(file));
    EXPECT_THAT(message, HasSubstr("expected a"));
  }
  std::filesystem::remove(pipe);
}

TEST(Config, UnknownStrategyAndPresetNameTheNearest) {
  ConfigSources sources;
  sources.flags = {{"strategy", "freeze-con"}};
  EXPECT_THAT(message_of(sources), HasSubstr("did you mean 'freeze-conv'?"));
  sources = {};
  sources.preset = "freeze-cnv";
  EXPECT_THAT(message_of(sources), HasSubstr("did you mean 'freeze-conv'?"));
}

}  // namespace
}  // namespace transfer
