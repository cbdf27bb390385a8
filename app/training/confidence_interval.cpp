#include "app/training/confidence_interval.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/cancellation.h"
#include "core/random.h"

namespace transfer {
namespace {

/// Of the standard normal distribution, 97.5 %.
constexpr double kNormalQuantile = 1.959963984540054;

double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Interval wilson_interval(std::int64_t successes, std::int64_t trials) {
  if (trials == 0) return {0, 1};
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double z2 = kNormalQuantile * kNormalQuantile;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half =
      kNormalQuantile * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {successes == 0 ? 0 : centre - half, successes == trials ? 1 : centre + half};
}

std::vector<std::vector<double>> bootstrap_values(std::int64_t images,
                                                  const std::vector<CountedScore>& scores,
                                                  std::uint64_t seed, std::int64_t resamples) {
  std::vector<std::vector<double>> values(scores.size());
  if (images == 0) return values;
  const auto count = static_cast<std::uint64_t>(images);
  std::vector<std::int32_t> counts(count);
  for (std::int64_t resample = 0; resample < resamples; ++resample) {
    throw_if_stopped();
    Random random(mix_seed({seed, static_cast<std::uint64_t>(resample)}));
    std::fill(counts.begin(), counts.end(), 0);
    for (std::uint64_t i = 0; i < count; ++i) ++counts[random.below(count)];
    for (std::size_t s = 0; s < scores.size(); ++s) values[s].push_back(scores[s](counts));
  }
  return values;
}

Interval percentile_interval(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {kNone, kNone};
  }
  std::sort(values.begin(), values.end());
  return {quantile(values, 0.025), quantile(values, 0.975)};
}

}  // namespace transfer
