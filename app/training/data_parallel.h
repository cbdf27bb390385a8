#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "app/compute/process_group.h"
#include "app/features/model_logits.h"
#include "app/training/checkpoint.h"
#include "models/trainable_network.h"

namespace transfer {

// What the processes that train one network exchange besides gradients. All of them must call these
// functions together.

/// Throws Interrupted in every process if any has received a signal to stop. `signal` is this
/// process's, or 0.
void throw_if_any_stopped(ProcessGroup& group, int signal);

/// Whether any process has received a signal to stop, whether it is time to write a checkpoint, and
/// whether the run's time is up. Rank 0 decides the last two: `is_due` and `is_late` count there
/// only.
struct Agreement {
  int signal = 0;
  bool saves = false;
  bool time_is_up = false;
};
Agreement agree(ProcessGroup& group, int signal, bool is_due, bool is_late = false);

/// Gives all processes the tensors of rank 0, in place.
void broadcast_tensors(ProcessGroup& group, const NamedTensors& tensors);

/// Makes the network the same in all processes: weights and buffers of rank 0; with `kSynchronised`
/// the running statistics are the mean of all (see train.batch_norm_buffers), each
/// counting by the `images` that it has seen since the last time.
void share_state(ProcessGroup& group, const TrainableNetwork& network, BatchNormBuffers buffers,
                 std::int64_t images);

/// Combines outputs of which each process has some rows, the others being zero, and the broken
/// images of all.
ImageLogits put_together(ProcessGroup& group, ImageLogits part);

/// The broken images of all processes in the order of samples, each once.
std::vector<BrokenImage> gather_broken(ProcessGroup& group, const std::vector<BrokenImage>& own);

}  // namespace transfer
