#include "app/training/learning_rate_finder.h"

#include <algorithm>
#include <cmath>

namespace transfer {

void MeanAndDeviation::add(double value) {
  ++count_;
  sum_ += value;
  squares_ += value * value;
}

double MeanAndDeviation::mean() const { return count_ > 0 ? sum_ / count_ : 0.0; }

double MeanAndDeviation::deviation() const {
  if (count_ < 2) return 0.0;
  return std::sqrt(std::max(squares_ / count_ - mean() * mean(), 0.0) * count_ / (count_ - 1));
}

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
  constexpr double kDecay = 0.9;
  constexpr double kDivergence = 4.0;
  if (!std::isfinite(loss)) return false;
  average_ = kDecay * average_ + (1.0 - kDecay) * loss;
  weight_ = kDecay * weight_ + (1.0 - kDecay);
  const double trailing = average_ / weight_;
  points_.push_back({rate, loss, loss});
  best_ = std::min(best_, trailing);
  if (points_.size() <= kFirstPoints) start_.add(loss);
  // A small loss of single batches is no measure: a fitted head starts near 0.
  const bool is_far_above_start = trailing > 2.0 * start_.mean() + 4.0 * start_.deviation();
  return points_.size() < kFirstPoints || trailing <= kDivergence * best_ || !is_far_above_start;
}

std::vector<SweepPoint> LearningRateCurve::points() const {
  std::vector<SweepPoint> smoothed = points_;
  const std::size_t reach = reach_of_smoothing();
  for (std::size_t i = 0; i < smoothed.size(); ++i) {
    // The window shrinks alike on both sides, so that it stays centred.
    const std::size_t side = std::min({reach, i, smoothed.size() - 1 - i});
    double sum = 0;
    for (std::size_t k = i - side; k <= i + side; ++k) sum += points_[k].loss;
    smoothed[i].smoothed_loss = sum / static_cast<double>(2 * side + 1);
  }
  return smoothed;
}

std::size_t LearningRateCurve::reach_of_smoothing() const {
  return std::max<std::size_t>(points_.size() / 20, 1);
}

std::optional<double> LearningRateCurve::suggestion() const {
  constexpr double kBelowTheEdge = 10.0;
  constexpr double kRelativeTolerance = 0.01;
  if (points_.size() < kFirstPoints) return std::nullopt;
  const auto curve = points();
  const std::size_t reach = reach_of_smoothing();
  const std::size_t first = std::max(curve.size() / 5, kFirstPoints / 2);
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = reach; i + reach < curve.size(); ++i) {
    lowest = std::min(lowest, curve[i].smoothed_loss);
  }
  const double error = start_.deviation() / std::sqrt(static_cast<double>(2 * reach + 1));
  const double limit = lowest + std::max(2.0 * error, kRelativeTolerance * std::abs(lowest));
  std::size_t edge = 0;
  for (std::size_t i = reach; i + reach < curve.size(); ++i) {
    if (curve[i].smoothed_loss <= limit) edge = i;
  }
  const double rate = curve[edge].rate / kBelowTheEdge;
  if (edge < first || rate <= curve.front().rate) return std::nullopt;
  return rate;
}

}  // namespace transfer
