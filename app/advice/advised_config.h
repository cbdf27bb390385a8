#pragma once

#include <string>

#include "configs/config.h"

namespace transfer {

/// The user's sources with that strategy on top, which brings its own preset.
ConfigSources with_strategy(ConfigSources sources, const std::string& strategy);

/// The user's configuration with that strategy and its preset below the user's own keys. Throws
/// ConfigError.
Config config_with_strategy(const ConfigSources& sources, const std::string& strategy);

/// The user's configuration with `auto` as the strategy, whatever it names. Throws ConfigError,
/// also where the keys of two strategies exclude each other or the backbone takes no strategy.
Config resolve_for_advice(const ConfigSources& sources);

}  // namespace transfer
