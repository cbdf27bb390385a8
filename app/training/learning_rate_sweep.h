#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "app/training/learning_rate_finder.h"
#include "app/training/loss.h"
#include "app/training/training_input.h"
#include "configs/config.h"
#include "core/preprocessing.h"
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

/// What the steps of a sweep minimise, and on which images.
struct TrainingTarget {
  Loss loss;
  Preprocessing preprocessing;
  /// The class of each training sample.
  std::vector<std::int64_t> labels;
};

/// Takes at most `steps` training steps, each at a higher `train.lr`, until the loss explodes
/// (Smith 2017). The steps are those of Trainer: the same batches, seeds, accumulation and
/// parameter groups; epochs with frozen layers (`freeze_epochs`) are skipped. The network cannot be
/// used afterwards. Throws Error.
LearningRateCurve sweep_learning_rates(TrainableNetwork& network, TrainingInput& input,
                                       const TrainingTarget& target, const Config& config,
                                       const SweepOptions& options);

}  // namespace transfer
