#pragma once

#include <CLI/CLI.hpp>

#include "app/report/confidence_reading.h"

namespace transfer {

/// Adds --reject and --coverage. `options` must outlive the parsing.
void add_confidence_flags(CLI::App& parser, ConfidenceOptions& options);

}  // namespace transfer
