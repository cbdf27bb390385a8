#include "app/preparation/unused_settings.h"

#include <stdexcept>

#include "app/training/training_batches.h"
#include "configs/fields.h"
#include "models/strategy.h"

namespace transfer {
namespace {

bool stores_features(const Config& config, const Strategy& strategy) {
  const bool fits_head_first =
      config.head.start == HeadStart::kFitted && !config.train.from_scratch;
  return strategy.trunk_is_frozen || config.train.freeze_stages > 0 || fits_head_first;
}

bool trains_on_batches(const Config& config, const Strategy& strategy) {
  return !strategy.trunk_is_frozen || config.train.optimizer != Optimizer::kLbfgs;
}

/// Whether a key has an effect in this run.
bool is_used(UsedBy used_by, const Config& config) {
  const Strategy& strategy = find_strategy(config.strategy);
  const Objective objective = objective_of(config);
  const TrainConfig& train = config.train;
  const bool has_batches = trains_on_batches(config, strategy);
  switch (used_by) {
    case UsedBy::kEveryRun: return true;
    case UsedBy::kStageCut: return strategy.cut == Cut::kAtStage;
    case UsedBy::kLbfgs: return !has_batches;
    case UsedBy::kBatches: return has_batches;
    case UsedBy::kSgd: return train.optimizer == Optimizer::kSgd;
    case UsedBy::kStepSchedule: return has_batches && train.schedule == Schedule::kStep;
    case UsedBy::kPlateauSchedule: return has_batches && train.schedule == Schedule::kPlateau;
    case UsedBy::kWarmup: return has_batches && train.schedule != Schedule::kOneCycle;
    case UsedBy::kBestEpoch: return has_batches || train.patience > 0;
    case UsedBy::kChangedImages: return !strategy.trunk_is_frozen || config.augment.views > 0;
    case UsedBy::kTrainedLayers: return !strategy.trunk_is_frozen;
    case UsedBy::kTeacher: return !strategy.trunk_is_frozen && !train.teacher.empty();
    case UsedBy::kFrozenStages:
      return !strategy.trunk_is_frozen && train.freeze_stages > 0 && images_repeat(config.augment);
    case UsedBy::kStoredFeatures: return stores_features(config, strategy);
    case UsedBy::kHiddenLayers: return !config.head.hidden.empty();
    case UsedBy::kClassLoss: return objective.targets() == TargetKind::kClass;
    case UsedBy::kFocalLoss: return objective.loss == LossKind::kFocal;
    case UsedBy::kLogitAdjustedLoss: return objective.loss == LossKind::kLogitAdjusted;
    case UsedBy::kLabelLoss: return objective.targets() == TargetKind::kLabels;
    case UsedBy::kHuberLoss: return objective.loss == LossKind::kHuber;
  }
  throw std::logic_error("not a kind of run");
}

/// The settings with which a key would have an effect; empty where that takes another strategy or
/// task.
std::vector<std::string> settings_that_use(UsedBy used_by, const Config& config) {
  const bool is_frozen = find_strategy(config.strategy).trunk_is_frozen;
  std::vector<std::string> settings;
  const auto need_batches = [&] {
    if (!is_used(UsedBy::kBatches, config)) settings.emplace_back("train.optimizer=adamw");
  };
  switch (used_by) {
    case UsedBy::kBatches: need_batches(); break;
    case UsedBy::kSgd: settings = {"train.optimizer=sgd"}; break;
    case UsedBy::kStepSchedule:
      need_batches();
      settings.emplace_back("train.schedule=step");
      break;
    case UsedBy::kPlateauSchedule:
      need_batches();
      settings.emplace_back("train.schedule=plateau");
      break;
    case UsedBy::kWarmup:
      need_batches();
      if (config.train.schedule == Schedule::kOneCycle) {
        settings.emplace_back("train.schedule=cosine");
      }
      break;
    case UsedBy::kLbfgs:
      if (is_frozen && config.head.hidden.empty()) settings = {"train.optimizer=lbfgs"};
      break;
    case UsedBy::kBestEpoch: settings = {"train.patience=10"}; break;
    case UsedBy::kChangedImages: settings = {"augment.views=4"}; break;
    case UsedBy::kHiddenLayers: settings = {"head.hidden=[256]"}; break;
    case UsedBy::kTeacher:
      if (!is_frozen) settings = {"train.teacher=MODEL"};
      break;
    case UsedBy::kEveryRun:
    case UsedBy::kStageCut:
    case UsedBy::kTrainedLayers:
    case UsedBy::kFrozenStages:
    case UsedBy::kStoredFeatures:
    case UsedBy::kClassLoss:
    case UsedBy::kFocalLoss:
    case UsedBy::kLogitAdjustedLoss:
    case UsedBy::kLabelLoss:
    case UsedBy::kHuberLoss: break;
  }
  return settings;
}

bool depends_on_loss(UsedBy used_by) {
  return used_by == UsedBy::kClassLoss || used_by == UsedBy::kFocalLoss ||
         used_by == UsedBy::kLogitAdjustedLoss || used_by == UsedBy::kLabelLoss ||
         used_by == UsedBy::kHuberLoss;
}

/// What the fields are compared with: the defaults, and for what changes single images the preset.
Config expected_settings(const Config& config) {
  Config expected;
  expected.augment = augment_preset(config.augment.preset);
  expected.augment.preset = AugmentConfig{}.preset;
  const AugmentConfig defaults;
  expected.augment.views = defaults.views;
  expected.augment.mixup = defaults.mixup;
  expected.augment.cutmix = defaults.cutmix;
  return expected;
}

bool is_zero(const std::vector<Field>& fields, const std::string& key) {
  return field_text(field_of(fields, key)) == "0";
}

/// The settings that are not at their default, without effect in this run, and for which `is_asked`
/// holds.
template <typename Predicate>
std::vector<UnusedSetting> find_unused(const Config& config, const Predicate& is_asked) {
  Config given = config;
  Config expected = expected_settings(config);
  const auto fields = fields_of(given);
  const auto expected_fields = fields_of(expected);
  std::vector<UnusedSetting> unused;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    if (!is_asked(field.used_by) || field_text(field) == field_text(expected_fields[i])) continue;
    if (!is_used(field.used_by, config)) {
      unused.push_back({field.key, settings_that_use(field.used_by, config)});
    } else if (!field.needs.empty() && is_zero(fields, field.needs)) {
      const bool is_whole =
          std::holds_alternative<std::int64_t*>(field_of(fields, field.needs).target);
      unused.push_back({field.key, {field.needs + (is_whole ? "=2" : "=0.5")}});
    }
  }
  return unused;
}

}  // namespace

std::vector<UnusedSetting> unused_settings(const Config& config) {
  return find_unused(config, [](UsedBy used_by) { return !depends_on_loss(used_by); });
}

std::vector<UnusedSetting> settings_unused_by_loss(const Config& config) {
  return find_unused(config, depends_on_loss);
}

}  // namespace transfer
