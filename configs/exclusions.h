#pragma once

#include "configs/config.h"

namespace transfer {

/// Throws ConfigError for settings that exclude each other, such as the loss of a regression with
/// classification. The message names both and what to do.
void refuse_exclusive_settings(const Config& config);

}  // namespace transfer
