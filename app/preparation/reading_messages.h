#pragma once

#include "datasets/findings.h"

namespace transfer {

/// Says how the data was read, what was passed over and what may be a mistake in it.
void report_reading(const Findings& findings);

}  // namespace transfer
