#pragma once

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

/// The losses of training steps at growing learning rates, as in fastai's learning-rate finder.
class LearningRateCurve {
 public:
  /// Takes the loss of the next step. The smoothed loss is the exponential moving average with
  /// decay 0.98 and bias correction (Kingma and Ba 2015). Returns false when the sweep should stop:
  /// the smoothed loss is more than 4 times its smallest value, or NaN (such a point is left out).
  bool add(double rate, double loss);

  const std::vector<SweepPoint>& points() const { return points_; }

  /// The rate at which the smoothed loss falls fastest over the rate's logarithm; the first tenth
  /// and the last five points do not count. Nothing if it falls nowhere.
  std::optional<double> suggestion() const;

 private:
  std::vector<SweepPoint> points_;
  double average_ = 0;
  double weight_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace transfer
