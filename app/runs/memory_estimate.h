#pragma once

#include <cstdint>
#include <string>

#include "app/preparation/preparation.h"
#include "app/training/loss.h"
#include "app/training/training_input.h"
#include "models/trainable_network.h"

namespace transfer {

/// Memory of a run that trains layers on the CPU, in bytes.
struct MemoryEstimate {
  /// Whatever the batch size: the program with its weights, gradients, the optimizer's state and
  /// copies of the weights.
  double fixed = 0;
  /// For each image of a batch: activations, their gradients, and the image in the loader's queue.
  double per_image = 0;

  double of_batch(std::int64_t images) const {
    return fixed + per_image * static_cast<double>(images);
  }
};

/// Measures two small steps, which change no weight and no statistic.
MemoryEstimate estimate_memory(const Preparation& preparation, const Loss& loss,
                               TrainableNetwork& network, TrainingInput& input);

/// The warning for a batch of `images` images where `available` bytes may be used; empty if it
/// fits. It names the largest power of two that fits, if any does.
std::string memory_warning(const MemoryEstimate& estimate, std::int64_t images, double available);

/// Warns if the run's batches are estimated not to fit in memory; control groups' limits count.
/// Does nothing on CUDA.
void warn_of_memory(const Preparation& preparation, const Loss& loss, TrainableNetwork& network,
                    TrainingInput& input);

}  // namespace transfer
