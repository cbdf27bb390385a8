#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace transfer {

/// `steps` learning rates from `first` to `last`, each the same multiple of the one before (Smith
/// 2017). REQUIRES: 0 < first, 0 < last, steps > 0.
std::vector<double> sweep_rates(double first, double last, std::int64_t steps);

/// One step of a learning-rate sweep.
struct SweepPoint {
  double rate = 0;
  double loss = 0;
  double smoothed_loss = 0;
};

/// Mean and standard deviation of numbers that come one by one.
class MeanAndDeviation {
 public:
  void add(double value);
  double mean() const;
  /// Of a sample; 0 for fewer than two numbers.
  double deviation() const;

 private:
  double count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

/// The losses of training steps at growing learning rates (Smith 2017).
class LearningRateCurve {
 public:
  /// Takes the loss of the next step. Returns false when the sweep should stop: the moving average
  /// of the losses (decay 0.9) is more than 4 times its smallest value and far above those of the
  /// first ten steps, or the loss is NaN (such a point is left out).
  bool add(double rate, double loss);

  /// The points so far. The smoothed loss is the mean over a centred window of a tenth of them,
  /// which does not lag behind as a moving average does.
  std::vector<SweepPoint> points() const;

  /// A tenth of the highest rate at which the smoothed loss is as low as anywhere, within the noise
  /// of single batches. From there on it rises, so the tenth is safe. A network that starts from a
  /// fitted head gets a suggestion too, though its loss hardly falls. Nothing for fewer than ten
  /// points, and where the loss rises from the first rates on.
  std::optional<double> suggestion() const;

 private:
  static constexpr std::size_t kFirstPoints = 10;
  /// Points on each side of a window.
  std::size_t reach_of_smoothing() const;

  std::vector<SweepPoint> points_;
  double average_ = 0;
  double weight_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
  /// Of the first ten losses, at rates too small to matter.
  MeanAndDeviation start_;
};

}  // namespace transfer
