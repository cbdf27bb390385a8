#include "app/training/learning_rate_finder.h"

#include <algorithm>
#include <cmath>

namespace transfer {

std::vector<double> sweep_rates(double first, double last, std::int64_t steps) {
  std::vector<double> rates;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double progress =
        steps == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(steps - 1);
    rates.push_back(first * std::pow(last / first, progress));
  }
  return rates;
}

bool LearningRateCurve::add(double rate, double loss) {
  constexpr double kDecay = 0.98;
  constexpr double kDivergence = 4.0;
  if (!std::isfinite(loss)) return false;
  average_ = kDecay * average_ + (1.0 - kDecay) * loss;
  weight_ = kDecay * weight_ + (1.0 - kDecay);
  const double smoothed = average_ / weight_;
  points_.push_back({rate, loss, smoothed});
  best_ = std::min(best_, smoothed);
  return smoothed <= kDivergence * best_;
}

std::optional<double> LearningRateCurve::suggestion() const {
  constexpr std::size_t kLastLeftOut = 5;
  const std::size_t first = points_.size() / 10;
  double steepest = 0;
  std::optional<double> rate;
  for (std::size_t i = first; i + 1 + kLastLeftOut < points_.size(); ++i) {
    const SweepPoint& here = points_[i];
    const SweepPoint& next = points_[i + 1];
    const double slope =
        (next.smoothed_loss - here.smoothed_loss) / (std::log(next.rate) - std::log(here.rate));
    if (slope < steepest) {
      steepest = slope;
      rate = here.rate;
    }
  }
  return rate;
}

}  // namespace transfer
