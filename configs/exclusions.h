#pragma once

#include "configs/config.h"

namespace transfer {

/// Throws ConfigError for settings that exclude each other, such as a regression's loss with
/// classification, naming both and what to do.
void refuse_exclusive_settings(const Config& config);

}  // namespace transfer
