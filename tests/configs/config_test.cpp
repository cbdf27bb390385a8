#include "configs/config.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/errors.h"

namespace transfer {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kStrategies = {"freeze-conv"};

std::string message_of(const ConfigSources& sources) {
  try {
    resolve_config(sources, kStrategies);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::string write_yaml(const std::string& text) {
  const std::string file = testing::TempDir() + "/config_test.yaml";
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
  sources.settings = {"data.path='a: \"b\" # c'", "head.weight_decay=0.1", "train.lr=1e-7",
                      "augment.preset=strong", "augment.erase=0.125"};
  const Config config = resolve_config(sources, kStrategies);
  ConfigSources again;
  again.files = {write_yaml(to_yaml(config))};
  const Config read = resolve_config(again, kStrategies);
  EXPECT_EQ(to_yaml(read), to_yaml(config));
  EXPECT_EQ(read.data.path, "a: \"b\" # c");
  EXPECT_EQ(read.train.lr, 1e-7);
  EXPECT_EQ(read.augment.erase, 0.125);
}

TEST(Config, AugmentPresetFillsTheFieldsAroundIt) {
  ConfigSources sources;
  sources.files = {write_yaml("augment: {rotate: 0.75, preset: strong, views: 2}\n")};
  const Config config = resolve_config(sources, kStrategies);
  EXPECT_EQ(config.augment.rotate, 0.75);
  EXPECT_GT(config.augment.erase, 0);
  EXPECT_EQ(config.augment.views, 2);
}

TEST(Config, UnknownKeyNamesLineAndNearest) {
  ConfigSources sources;
  const std::string file = write_yaml("seed: 1\ntrain:\n  epoch: 3\n");
  sources.files = {file};
  EXPECT_EQ(message_of(sources),
            file + ":3: unknown key 'train.epoch'; did you mean 'train.epochs'?");
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
           {"train: 3\n", "expected a group of keys"},
           {"seed: 1\nseed: 2\n", ":2: seed: given twice"}}) {
    ConfigSources sources;
    sources.files = {write_yaml(text)};
    EXPECT_THAT(message_of(sources), HasSubstr(expected)) << text;
  }
  ConfigSources sources;
  sources.files = {"/does/not/exist.yaml"};
  EXPECT_THAT(message_of(sources), HasSubstr("cannot be read"));
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
