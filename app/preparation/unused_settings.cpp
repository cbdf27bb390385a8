#include "app/preparation/unused_settings.h"

#include <set>

#include "app/training/training_batches.h"
#include "configs/fields.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// What only the training of the network itself uses.
const std::set<std::string> kForTrainedLayers = {"head.start",
                                                 "data.sampler",
                                                 "train.accumulate",
                                                 "train.batch_norm",
                                                 "train.clip_norm",
                                                 "train.checkpoint_minutes",
                                                 "train.ema",
                                                 "train.freeze_epochs",
                                                 "train.freeze_stages",
                                                 "train.from_scratch",
                                                 "train.head_lr_multiple",
                                                 "train.lr_decay",
                                                 "train.on_nonfinite",
                                                 "train.precision",
                                                 "train.unfreeze_every",
                                                 "train.weight_decay",
                                                 "augment.mixup",
                                                 "augment.cutmix",
                                                 "train.replicas",
                                                 "cache.activations",
                                                 "cache.precision",
                                                 "train.bucket_mb",
                                                 "train.batch_norm_buffers"};

/// What only a head on cached features uses.
const std::set<std::string> kForFrozenLayers = {"train.iterations"};

/// What the training of the network uses only where some first stages never train and see the same
/// images in every epoch.
const std::set<std::string> kForFrozenStages = {"cache.activations", "cache.precision"};

/// What it uses only where some first stages never train, or where the head is fitted to features
/// before.
const std::set<std::string> kForStoredFeatures = {"cache.dir", "cache.memory_mb", "cache.share"};

/// What only hidden layers use.
const std::set<std::string> kForHiddenLayers = {"head.activation", "head.dropout"};

std::set<std::string> unused_keys(const Config& config, const Strategy& strategy) {
  if (strategy.trunk_is_frozen) return kForTrainedLayers;
  auto unused = kForFrozenLayers;
  const bool freezes = config.train.freeze_stages > 0;
  if (!freezes || !images_repeat(config.augment)) {
    unused.insert(kForFrozenStages.begin(), kForFrozenStages.end());
  }
  if (freezes) return unused;
  if (config.head.start == "fitted" && !config.train.from_scratch) return unused;
  unused.insert(kForStoredFeatures.begin(), kForStoredFeatures.end());
  return unused;
}

/// Of the keys for which `is_unused` holds those that are not at their default.
template <typename Predicate>
std::vector<std::string> changed_keys(const Config& config, const Predicate& is_unused) {
  Config given = config;
  Config defaults;
  const auto fields = fields_of(given);
  const auto default_fields = fields_of(defaults);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (is_unused(fields[i].key) && field_text(fields[i]) != field_text(default_fields[i])) {
      keys.push_back(fields[i].key);
    }
  }
  return keys;
}

}  // namespace

std::vector<std::string> unused_settings(const Config& config) {
  const Strategy& strategy = find_strategy(config.strategy);
  const auto unused = unused_keys(config, strategy);
  return changed_keys(config, [&](const std::string& key) {
    return unused.contains(key) || (key == "cut" && strategy.cut != Cut::kAtStage) ||
           (config.head.hidden.empty() && kForHiddenLayers.contains(key));
  });
}

std::vector<std::string> settings_unused_by_loss(const Config& config) {
  const Objective objective = objective_of(config);
  return changed_keys(config, [&](const std::string& key) {
    return (key == "head.huber_delta" && objective.loss != LossKind::kHuber) ||
           (key == "train.top_k" && objective.targets() != TargetKind::kClass);
  });
}

}  // namespace transfer
