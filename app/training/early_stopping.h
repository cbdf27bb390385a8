#pragma once

#include <cstdint>
#include <limits>

namespace transfer {

/// Watches the validation loss: remembers the best epoch and says when to stop.
class EarlyStopping {
 public:
  /// Stops after `patience` epochs without a loss at least `min_delta` below the best; a patience
  /// of 0 never stops.
  EarlyStopping(std::int64_t patience, double min_delta)
      : patience_(patience), min_delta_(min_delta) {}

  /// Takes the loss of the next epoch (counted from 1). True when it is the best so far.
  bool is_better(double loss) {
    ++epoch_;
    if (!(loss < best_loss_ - min_delta_)) return false;
    best_loss_ = loss;
    best_epoch_ = epoch_;
    return true;
  }

  bool should_stop() const { return patience_ > 0 && epoch_ - best_epoch_ >= patience_; }
  std::int64_t best_epoch() const { return best_epoch_; }

 private:
  std::int64_t patience_;
  double min_delta_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  std::int64_t epoch_ = 0;
  std::int64_t best_epoch_ = 0;
};

}  // namespace transfer
