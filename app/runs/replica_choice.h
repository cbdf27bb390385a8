#pragma once

#include <cstdint>

#include "app/preparation/preparation.h"
#include "app/training/loss.h"
#include "app/training/training_input.h"
#include "models/trainable_network.h"

namespace transfer {

/// Number of copies of the network that train in parallel: `train.replicas`. For `auto` as many as
/// there are threads, if a trial on the first batch, which changes no weight, finds them faster
/// than one copy with all threads; a message gives both times. One in a group of processes, on
/// CUDA, with one thread, in a run of fewer than 20 steps, and where batches update BatchNorm's
/// statistics. Throws ConfigError if more are asked for although the statistics change.
std::int64_t choose_replicas(const Preparation& preparation, const Loss& loss,
                             TrainableNetwork& network, TrainingInput& input);

}  // namespace transfer
