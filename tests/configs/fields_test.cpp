#include "configs/fields.h"

#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include <set>

#include "configs/key_description.h"
#include "core/errors.h"

namespace transfer {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

std::vector<std::string> keys_with(Effect effect) {
  Config config;
  std::vector<std::string> keys;
  for (const Field& field : fields_of(config)) {
    if (field.effect == effect) keys.push_back(field.key);
  }
  return keys;
}

TEST(Fields, EveryKeyIsDescribed) {
  std::set<std::string> seen;
  for (const KeyDescription& key : describe_config_keys()) {
    EXPECT_TRUE(seen.insert(key.key).second) << key.key << " has two rows";
    EXPECT_TRUE(key.description.ends_with('.')) << key.key;
    EXPECT_GT(key.description.size(), 15U) << key.key;
    EXPECT_EQ(key.description.find('\n'), std::string::npos) << key.key;
    EXPECT_FALSE(key.unit.empty()) << key.key;
    EXPECT_FALSE(key.value.empty()) << key.key;
  }
  EXPECT_GT(seen.size(), 90U);
}

TEST(Fields, ExamplesAreAllowedAndDifferFromTheDefault) {
  Config defaults;
  for (const KeyDescription& key : describe_config_keys()) {
    Config config;
    const auto fields = fields_of(config);
    const Field& field = field_of(fields, key.key);
    EXPECT_NO_THROW(set_field(field, YAML::Load(key.example), "example")) << key.key;
    EXPECT_NE(field_text(field), key.default_value) << key.key;
  }
}

TEST(Fields, DefaultsAreWithinTheirLimits) {
  Config config;
  for (const Field& field : fields_of(config)) {
    EXPECT_NO_THROW(set_field(field, YAML::Load(field_text(field)), "default")) << field.key;
  }
}

TEST(Fields, EveryChoiceCanBeSetAndIsPrintedAsItsName) {
  int choices = 0;
  for (const KeyDescription& key : describe_config_keys()) {
    for (const std::string& name : key.choices) {
      Config config;
      const auto fields = fields_of(config);
      const Field& field = field_of(fields, key.key);
      set_field(field, YAML::Node(name), "test");
      EXPECT_EQ(field_text(field), name) << key.key;
      ++choices;
    }
  }
  EXPECT_GT(choices, 40);
}

TEST(Fields, WhatAnotherChoiceIsCalledIsRefused) {
  Config config;
  const auto fields = fields_of(config);
  const Field& field = field_of(fields, "train.optimizer");
  EXPECT_THROW(set_field(field, YAML::Load("adam"), "test"), ConfigError);
  EXPECT_THROW(set_field(field, YAML::Load("[adamw]"), "test"), ConfigError);
  EXPECT_EQ(config.train.optimizer, Optimizer::kLbfgs) << "nothing is set";
}

TEST(Fields, PlaceAndSpeedLeaveTheResultAlone) {
  EXPECT_THAT(keys_with(Effect::kPlaceOrSpeed),
              ElementsAre("device", "threads", "out", "overwrite", "trust", "trust_file",
                          "data.allow_leakage", "data.workers", "cache.memory_mb", "cache.share",
                          "cache.dir", "report.html", "report.pictures", "report.tensorboard"));
}

TEST(Fields, PresetsFillWhatChangesASingleImage) {
  const auto keys = keys_with(Effect::kImage);
  for (const std::string& key : keys) EXPECT_TRUE(key.starts_with("augment.")) << key;
  EXPECT_THAT(keys, IsSupersetOf({"augment.preset", "augment.crop", "augment.erase_area",
                                  "augment.randaugment"}));
  for (const char* key : {"augment.views", "augment.mixup", "augment.cutmix"}) {
    EXPECT_THAT(keys, Not(Contains(key))) << "it is about copies or batches";
  }
}

TEST(Fields, OnlyTheSettingsAskedForAreCopied) {
  Config from;
  from.train.lr = 0.5;
  from.head.loss = LossKind::kHuber;
  from.data.targets = {"a"};
  from.seed = 7;
  Config to;
  copy_settings(from, to, [](const Field& field) { return field.key != "seed"; });
  EXPECT_EQ(to.train.lr, 0.5);
  EXPECT_EQ(to.head.loss, LossKind::kHuber);
  EXPECT_THAT(to.data.targets, ElementsAre("a"));
  EXPECT_EQ(to.seed, 0);
}

TEST(Fields, KeysOfBatchFilesAreDescribedToo) {
  for (const auto& keys : {describe_batch_keys(), describe_slurm_keys()}) {
    EXPECT_THAT(keys, Not(IsEmpty()));
    for (const KeyDescription& key : keys) {
      EXPECT_TRUE(key.description.ends_with('.')) << key.key;
      EXPECT_FALSE(key.value.empty()) << key.key;
      EXPECT_FALSE(key.unit.empty()) << key.key;
      EXPECT_NO_THROW(YAML::Load(key.example)) << key.key;
    }
  }
}

}  // namespace
}  // namespace transfer
