#pragma once

#include <string>

#include "configs/config.h"

namespace transfer {

/// The `transfer` command that gives these sources, ready for a shell; of a key's flags the last
/// one. Where the run goes (`out`, `overwrite`) is left out.
std::string command_text(const ConfigSources& sources);

}  // namespace transfer
