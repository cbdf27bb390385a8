#pragma once

#include <cstdint>

#include "app/preparation/preparation.h"
#include "app/training/training_input.h"
#include "models/trainable_network.h"

namespace transfer {

/// How many copies of the network train side by side: `train.replicas`, or for `auto` as many as
/// there are threads where a trial on the first batch finds them faster than one copy with all
/// threads; it says both times on stderr and moves no weight. In a group of processes, on CUDA,
/// with one thread, in a run of fewer than 20 steps, and where batches move BatchNorm's statistics,
/// one. Throws ConfigError where more are asked for although the statistics move.
std::int64_t choose_replicas(const Preparation& preparation, const Loss& loss,
                             TrainableNetwork& network, TrainingInput& input);

}  // namespace transfer
