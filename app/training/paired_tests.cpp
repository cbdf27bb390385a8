#include "app/training/paired_tests.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace transfer {
namespace {

/// The two-sided probability of at most `smaller` heads, or of as many tails, in `tosses` of a
/// fair coin.
double exact_p_value(std::int64_t smaller, std::int64_t tosses) {
  double term = std::pow(0.5, static_cast<double>(tosses));
  double sum = term;
  for (std::int64_t k = 1; k <= smaller; ++k) {
    term *= static_cast<double>(tosses - k + 1) / static_cast<double>(k);
    sum += term;
  }
  return std::min(1.0, 2 * sum);
}

}  // namespace

McNemarTest mcnemar_test(std::int64_t only_first, std::int64_t only_second) {
  constexpr std::int64_t kFewDiscordant = 25;
  McNemarTest test{only_first, only_second};
  const std::int64_t discordant = only_first + only_second;
  test.is_exact = discordant < kFewDiscordant;
  if (test.is_exact) {
    test.p_value = exact_p_value(std::min(only_first, only_second), discordant);
    return test;
  }
  const auto distance = static_cast<double>(std::abs(only_first - only_second));
  const double corrected = std::max(0.0, distance - 1);
  const double chi_squared = corrected * corrected / static_cast<double>(discordant);
  test.p_value = std::erfc(std::sqrt(chi_squared / 2));
  return test;
}

PairedDifference paired_bootstrap(std::int64_t images, const CountedScore& first,
                                  const CountedScore& second, std::uint64_t seed) {
  const std::vector<std::int32_t> once(static_cast<std::size_t>(images), 1);
  PairedDifference paired;
  paired.difference = first(once) - second(once);
  const CountedScore difference = [&](const std::vector<std::int32_t>& counts) {
    return first(counts) - second(counts);
  };
  auto values = bootstrap_values(images, {difference}, seed).front();
  std::erase_if(values, [](double value) { return std::isnan(value); });
  paired.interval = percentile_interval(values);
  if (values.empty() || std::isnan(paired.difference)) return paired;
  const auto below = std::count_if(values.begin(), values.end(), [](double v) { return v <= 0; });
  const auto above = std::count_if(values.begin(), values.end(), [](double v) { return v >= 0; });
  const auto resamples = static_cast<double>(values.size());
  paired.p_value =
      std::min(1.0, 2 * (static_cast<double>(std::min(below, above)) + 1) / (resamples + 1));
  return paired;
}

std::vector<double> holm_adjusted(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double highest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto remaining = static_cast<double>(order.size() - rank);
    highest = std::max(highest, std::min(1.0, remaining * p_values[order[rank]]));
    adjusted[order[rank]] = highest;
  }
  return adjusted;
}

}  // namespace transfer
