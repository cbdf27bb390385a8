#pragma once

#include <string>
#include <vector>

#include "configs/config.h"

namespace transfer {

/// A setting that the run does not use.
struct UnusedSetting {
  std::string key;
  /// Settings, such as `train.optimizer=adamw`, with which it would have an effect; empty where
  /// that takes another strategy or task.
  std::vector<std::string> used_with;
};

/// Settings that differ from their default, or from `augment.preset`, although the configuration's
/// strategy does not use them, such as `train.ema` with frozen layers.
std::vector<UnusedSetting> unused_settings(const Config& config);

/// Likewise settings that its loss does not use, such as `head.huber_delta` with mse.
std::vector<UnusedSetting> settings_unused_by_loss(const Config& config);

}  // namespace transfer
