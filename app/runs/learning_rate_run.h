#pragma once

#include <cstdint>

#include "app/preparation/preparation.h"
#include "app/training/learning_rate_finder.h"

namespace transfer {

/// Sweeps learning rates over the training that `run_fine_tuning` would do: the same network with
/// the same start of its head, the same images and steps. Writes no run directory. Throws Error.
LearningRateCurve sweep_training(Preparation preparation, std::int64_t steps);

}  // namespace transfer
