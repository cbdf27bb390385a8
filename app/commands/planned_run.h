#pragma once

#include <vector>

#include "app/commands/train.h"
#include "core/stopwatch.h"

namespace transfer {

/// Whether the run is one that plans: `quality`, or `auto` with a time limit.
bool is_planned(const Config& config);

/// Finds out by cross-validation how to see the images and which strategy suits them, within
/// `train.time_limit`, and trains so: one model, or with `quality: best` several that answer
/// together. `origins` says what the user has decided. Prints the results. Throws Error.
void run_planned(const TrainOptions& options, const Config& config, const KeyOrigins& origins,
                 const Stopwatch& since_start);

/// What `members` names, each checked as far as that goes without the data. Throws ConfigError and
/// ModelError.
std::vector<Config> checked_members(const Config& config);

/// Trains the models that `members` names and joins them. Prints the results. Throws Error.
void run_members(const TrainOptions& options, const Config& config, const Stopwatch& since_start);

}  // namespace transfer
