#pragma once

#include "configs/config.h"

namespace transfer {

/// The learning rate after `epoch` epochs (fractions count the steps within one): linear warm-up
/// from 0 over `warmup_epochs`, then constant, cosine to 0 at `epochs` (Loshchilov and Hutter 2017,
/// without restarts) or a step down every `step_epochs`.
double learning_rate_at(const TrainConfig& config, double epoch);

}  // namespace transfer
