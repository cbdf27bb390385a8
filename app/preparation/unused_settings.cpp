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

/// Whether a key has an effect in this run.
bool is_used(UsedBy used_by, const Config& config) {
  const Strategy& strategy = find_strategy(config.strategy);
  const Objective objective = objective_of(config);
  switch (used_by) {
    case UsedBy::kEveryRun: return true;
    case UsedBy::kStageCut: return strategy.cut == Cut::kAtStage;
    case UsedBy::kFrozenTrunk: return strategy.trunk_is_frozen;
    case UsedBy::kTrainedLayers: return !strategy.trunk_is_frozen;
    case UsedBy::kFrozenStages:
      return !strategy.trunk_is_frozen && config.train.freeze_stages > 0 &&
             images_repeat(config.augment);
    case UsedBy::kStoredFeatures: return stores_features(config, strategy);
    case UsedBy::kHiddenLayers: return !config.head.hidden.empty();
    case UsedBy::kClassLoss: return objective.targets() == TargetKind::kClass;
    case UsedBy::kHuberLoss: return objective.loss == LossKind::kHuber;
  }
  throw std::logic_error("not a kind of run");
}

bool depends_on_loss(UsedBy used_by) {
  return used_by == UsedBy::kClassLoss || used_by == UsedBy::kHuberLoss;
}

/// The keys that are not at their default, without effect in this run, and for which `is_asked`
/// holds.
template <typename Predicate>
std::vector<std::string> unused_keys(const Config& config, const Predicate& is_asked) {
  Config given = config;
  Config defaults;
  const auto fields = fields_of(given);
  const auto default_fields = fields_of(defaults);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    if (is_asked(field.used_by) && !is_used(field.used_by, config) &&
        field_text(field) != field_text(default_fields[i])) {
      keys.push_back(field.key);
    }
  }
  return keys;
}

}  // namespace

std::vector<std::string> unused_settings(const Config& config) {
  return unused_keys(config, [](UsedBy used_by) { return !depends_on_loss(used_by); });
}

std::vector<std::string> settings_unused_by_loss(const Config& config) {
  return unused_keys(config, depends_on_loss);
}

}  // namespace transfer
