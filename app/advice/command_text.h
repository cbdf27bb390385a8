#pragma once

#include <string>

#include "configs/config.h"

namespace transfer {

/// The `transfer` command with these sources, quoted for a shell. Of several flags for one key it
/// has the last; it leaves out where the run goes (`out`, `overwrite`).
std::string command_text(const ConfigSources& sources);

}  // namespace transfer
