#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/training/early_stopping.h"
#include "app/training/gradient_scaler.h"
#include "app/training/run_identity.h"
#include "app/training/run_seconds.h"
#include "app/training/schedule.h"
#include "datasets/loader.h"

namespace torch::optim {
class Optimizer;
}

namespace transfer {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// Where training stands, apart from tensors. Everything random in training depends on
/// (seed, epoch, batch), so no generator's state is stored.
struct TrainingProgress {
  /// Epochs completed, and batches completed of the next one.
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
  /// Loss so far of the unfinished epoch.
  double loss_sum = 0;
  double loss_weight = 0;
  /// Its sums of the training score so far, over all processes (see score_sums()); older
  /// checkpoints of this format have none.
  std::vector<double> score_sums = {};
  /// Learning rate of the last step.
  double rate = 0;
  /// Times that training went back to a checkpoint, and the factor of the learning rate since.
  std::int64_t retries = 0;
  double rate_factor = 1;
  /// So far, over all invocations.
  RunSeconds seconds = {};
  /// The last bits of the results depend on it.
  std::int64_t threads = 0;
  std::int64_t replicas = 1;
  /// So do they on the device: "cpu" or "cuda:N"; empty in older checkpoints of this format.
  std::string device = {};
  EarlyStoppingState stopping;
  PlateauState plateau;
  GradientScalerState scaler;
  std::int64_t average_updates = 0;
  /// Training images found so far that cannot be decoded.
  std::vector<BrokenImage> broken = {};
  std::vector<BrokenImage> broken_val = {};
};

/// Writes tensors, the optimizer's state and the progress, atomically. Throws OutputError.
void write_checkpoint(const std::filesystem::path& file, const NamedTensors& tensors,
                      const torch::optim::Optimizer& optimizer, const TrainingProgress& progress,
                      const RunIdentity& run = {});

/// Reads it back into the tensors and the optimizer given, in place, on the devices where they are:
/// a checkpoint may have been written on another one. REQUIRES: the optimizer was constructed like
/// the one that was saved. Throws ModelError naming the file when it is damaged, of another format
/// (kRunFormat), or holds other tensors, and what require_same_run() throws.
TrainingProgress read_checkpoint(const std::filesystem::path& file, const NamedTensors& tensors,
                                 torch::optim::Optimizer& optimizer, const RunIdentity& run = {});

/// Likewise for tensors alone: the best weights so far.
void write_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                   const RunIdentity& run = {});
void read_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                  const RunIdentity& run = {});

}  // namespace transfer
