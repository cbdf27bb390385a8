#pragma once

#include <torch/types.h>

#include <cstdint>

#include "app/training/learning_rate_finder.h"
#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/dataset.h"
#include "models/trainable_network.h"

namespace transfer {

/// Settings of a sweep of training steps over growing learning rates.
struct SweepOptions {
  double first = 1e-7;
  double last = 1.0;
  std::int64_t steps = 100;
  torch::Device device = torch::kCPU;
  std::int64_t threads = 1;
};

/// Trains for at most `steps` steps, each at a higher rate, until the loss explodes (Smith 2017);
/// epochs with frozen layers (`freeze_epochs`) are skipped. The network cannot be used afterwards.
/// Throws Error.
LearningRateCurve sweep_learning_rates(TrainableNetwork& network, const Dataset& dataset,
                                       const Preprocessing& preprocessing, const Config& config,
                                       const SweepOptions& options);

}  // namespace transfer
