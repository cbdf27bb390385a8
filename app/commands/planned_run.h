#pragma once

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

}  // namespace transfer
