#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/training/checkpoint.h"
#include "app/training/epoch_report.h"
#include "core/messages.h"
#include "core/stopwatch.h"

namespace transfer {

/// What is shown beside the images while an epoch trains: running loss, time left in all, the last
/// validation score, learning rate and memory. Reading it costs no wait for a GPU.
class EpochProgress {
 public:
  /// `epochs`: of the whole training.
  EpochProgress(std::int64_t epochs, torch::Device device) : epochs_(epochs), device_(device) {}

  /// "epoch 3 of 30"
  std::string title(std::int64_t epoch) const;

  /// The work of training the epoch of `progress` on `images` images, of which `done` are done.
  /// `progress` and this object must outlive it.
  Work begin(const TrainingProgress& progress, std::int64_t images, std::int64_t done);

  /// The epoch's images have been trained on; validation follows.
  void end_training();

  /// The epoch that began is over. Adds its times to the report.
  void end(EpochReport& report);

 private:
  std::vector<ProgressNumber> numbers(const TrainingProgress& progress, double seconds_left) const;

  std::int64_t epochs_;
  torch::Device device_;
  /// Trained in the epoch by this process.
  std::int64_t images_ = 0;
  double images_per_second_ = 0;
  Stopwatch epoch_;
  /// Seconds of the last epoch that this process has trained from its beginning.
  std::optional<double> seconds_per_epoch_;
  std::optional<Score> val_score_;
};

}  // namespace transfer
