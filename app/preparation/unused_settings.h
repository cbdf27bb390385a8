#pragma once

#include <string>
#include <vector>

#include "configs/config.h"

namespace transfer {

/// Keys that differ from their default although the configuration's strategy does not use them,
/// such as `train.ema` with frozen layers.
std::vector<std::string> unused_settings(const Config& config);

/// Likewise keys that its loss does not use, such as `head.huber_delta` with mse.
std::vector<std::string> settings_unused_by_loss(const Config& config);

}  // namespace transfer
