#pragma once

#include <string>

#include "configs/config.h"

namespace transfer {

/// What a member of a joined run (Config::members) has set differently than the run, as
/// "strategy=freeze-conv; data.input_size=288". Where it writes and what only the whole run decides
/// (`quality`, `members`, `train.time_limit`) is left out; the strategy comes first, always.
std::string settings_of_member(const Config& run, const Config& member);

/// The run's configuration with these settings. Presets do not apply. Throws ConfigError for an
/// unknown key, a wrong value, settings that exclude each other and a member that names no single
/// strategy, one of `strategies`.
Config config_of_member(const Config& run, const std::string& settings,
                        const std::vector<std::string>& strategies);

}  // namespace transfer
