#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace transfer {

/// State of an EarlyStopping, for checkpoints.
struct EarlyStoppingState {
  double best = std::numeric_limits<double>::infinity();
  std::int64_t epoch = 0;
  std::int64_t best_epoch = 0;
  /// The epoch after which a finished run went on; its patience counts from there.
  std::int64_t since = 0;
};

/// Watches a value of the validation images, of which a lower one is better (see
/// monitored_value()): remembers the best epoch and decides when to stop.
class EarlyStopping {
 public:
  /// Stops after `patience` epochs without a value at least `min_delta` below the best; a patience
  /// of 0 never stops.
  EarlyStopping(std::int64_t patience, double min_delta)
      : patience_(patience), min_delta_(min_delta) {}

  /// Takes the value of the next epoch (counted from 1). Returns whether it is the best so far.
  bool is_better(double value) {
    ++state_.epoch;
    if (!(value < state_.best - min_delta_)) return false;
    state_.best = value;
    state_.best_epoch = state_.epoch;
    return true;
  }

  /// Takes the value before the first epoch, so that epoch 0 may be the best.
  void take_start(double value) { state_.best = value; }

  /// Goes on after `epoch` epochs, of which `best_epoch`, with that value, was the best.
  void go_on(double best, std::int64_t best_epoch, std::int64_t epoch) {
    state_ = {best, epoch, best_epoch, epoch};
  }

  bool should_stop() const {
    const std::int64_t last_good = std::max(state_.best_epoch, state_.since);
    return patience_ > 0 && state_.epoch - last_good >= patience_;
  }
  std::int64_t best_epoch() const { return state_.best_epoch; }

  const EarlyStoppingState& state() const { return state_; }
  void restore(const EarlyStoppingState& state) { state_ = state; }
  /// Keeps the best epoch of an abandoned attempt if it is better than this one's.
  void keep_best_of(const EarlyStoppingState& abandoned) {
    if (abandoned.best >= state_.best) return;
    state_.best = abandoned.best;
    state_.best_epoch = abandoned.best_epoch;
  }

 private:
  std::int64_t patience_;
  double min_delta_;
  EarlyStoppingState state_;
};

}  // namespace transfer
