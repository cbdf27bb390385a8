#pragma once

#include <vector>

#include "app/commands/train.h"
#include "core/stopwatch.h"

namespace transfer {

/// What `members` names, each checked as far as that goes without the data. Throws ConfigError and
/// ModelError.
std::vector<Config> checked_members(const Config& config);

/// Trains the models that `members` names and joins them. Prints the results. Throws Error.
void run_members(const TrainOptions& options, const Config& config, const Stopwatch& since_start);

}  // namespace transfer
