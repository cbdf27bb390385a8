#pragma once

#include <string>

#include "configs/config.h"

namespace transfer {

/// The configuration as YAML that --config reads: keys in groups, each with a comment on what it
/// means and where its value comes from.
std::string annotated_yaml(const Config& config, const KeyOrigins& origins);

}  // namespace transfer
