#pragma once

#include <cstdint>
#include <limits>

#include "configs/config.h"

namespace transfer {

/// The learning rate after `epoch` epochs (fractions count the steps within one): linear warm-up
/// over `warmup_epochs`, then constant, cosine to 0 at `epochs` (Loshchilov and Hutter 2017,
/// without restarts) or a step down every `step_epochs`. `onecycle` is one_cycle_rate() without
/// warm-up; `plateau` is constant here, times PlateauSchedule's factor. The warm-up counts the step
/// that is about to be taken, the fraction `step` of an epoch, so that none is taken at a rate of
/// 0.
double learning_rate_at(const TrainConfig& config, double epoch, double step = 0);

/// One cycle (Smith and Topin 2018) with the two phases of torch's OneCycleLR: from peak / 25 along
/// a half cosine to `peak` at 30 % of the run, and down to peak / 250,000 at its end. `progress` is
/// the completed fraction of the run, 0–1.
double one_cycle_rate(double peak, double progress);

/// `train.lr`, with `scale_lr_by_batch` in proportion to the images that one step sees; the
/// reference is 256 (Goyal et al. 2017).
double batch_scaled_rate(const TrainConfig& config);

/// The same configuration with `freeze_epochs`, `warmup_epochs` and `unfreeze_every` reduced so
/// that at least one full epoch is left in which all `stages` train at the scheduled rate. A freeze
/// and a warm-up that together are too long shrink in proportion.
TrainConfig fitted_to_epochs(const TrainConfig& config, std::int64_t stages);

/// State of a PlateauSchedule, for checkpoints.
struct PlateauState {
  double factor = 1.0;
  double best_loss = std::numeric_limits<double>::infinity();
  std::int64_t bad_epochs = 0;
};

/// Lowers the learning rate when the validation loss has stopped falling.
class PlateauSchedule {
 public:
  /// Uses `plateau_factor`, `plateau_patience` and `min_delta`. With any other schedule the factor
  /// stays 1.
  explicit PlateauSchedule(const TrainConfig& config);

  /// Factor of the learning rate.
  double factor() const { return state_.factor; }

  /// Takes the loss of the epoch that ended; NaN is not better. After `plateau_patience`
  /// consecutive epochs that were not better, the factor falls and the count starts again.
  void take(double loss);

  const PlateauState& state() const { return state_; }
  void restore(const PlateauState& state) { state_ = state; }

 private:
  bool active_;
  double multiplier_;
  std::int64_t patience_;
  double min_delta_;
  PlateauState state_;
};

}  // namespace transfer
