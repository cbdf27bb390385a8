#pragma once

#include <string>

#include "core/trust.h"

namespace transfer {

/// parse_trust() of the settings `trust` and `trust_file`, which asks on the terminal where there
/// is one. Throws as it does.
Trust model_trust(const std::string& setting, const std::string& file);

/// The same for a model that the run itself has written: it needs no pin and no answer.
Trust own_model_trust(const std::string& setting, const std::string& file);

}  // namespace transfer
