#pragma once

#include <string>
#include <vector>

#include "configs/config.h"

namespace transfer {

/// Keys that were set to something other than their default and that the configuration's strategy
/// does not look at, such as `train.ema` with frozen layers.
std::vector<std::string> unused_settings(const Config& config);

}  // namespace transfer
