#pragma once

#include <nlohmann/json_fwd.hpp>

#include "datasets/findings.h"

namespace transfer {

/// What the reader found in the data, for summary.json. Of each list at most the first thousand.
nlohmann::ordered_json findings_object(const Findings& findings);

}  // namespace transfer
