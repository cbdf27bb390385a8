#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace transfer {

/// Where the true value lies, with 95 % confidence.
struct Interval {
  double low = 0;
  double high = 0;
};

/// The 95 % interval of a share of which `successes` of `trials` were seen (Wilson, "Probable
/// inference, the law of succession, and statistical inference", JASA 22, 1927): unlike ± 2
/// standard errors it stays within [0, 1], also where all or none succeeded. [0, 1] without trials.
Interval wilson_interval(std::int64_t successes, std::int64_t trials);

/// A score of images of which number i counts counts[i] times; NaN where they define none, as the
/// AUROC of images of one class.
using CountedScore = std::function<double(const std::vector<std::int32_t>& counts)>;

inline constexpr std::int64_t kResamples = 1000;

/// The values of each score on `resamples` samples of as many images, drawn with replacement
/// (Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979): one
/// row for each score. All scores see the same samples, so that differences of them are paired.
/// `seed` decides the samples. Throws Interrupted.
std::vector<std::vector<double>> bootstrap_values(std::int64_t images,
                                                  const std::vector<CountedScore>& scores,
                                                  std::uint64_t seed,
                                                  std::int64_t resamples = kResamples);

/// The middle 95 % of the values that are not NaN, by linear interpolation between them. Both ends
/// are NaN where there are none.
Interval percentile_interval(std::vector<double> values);

}  // namespace transfer
