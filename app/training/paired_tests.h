#pragma once

#include <cstdint>
#include <vector>

#include "app/training/confidence_interval.h"

namespace transfer {

/// Whether two models that judged the same images differ in accuracy.
struct McNemarTest {
  /// Images that only the first, or only the second, model judged right.
  std::int64_t only_first = 0;
  std::int64_t only_second = 0;
  /// How probable a difference at least as large is between models that are equally good.
  double p_value = 1;
  /// Whether p is the exact binomial one; otherwise it is the χ² approximation with continuity
  /// correction.
  bool is_exact = true;
};

/// McNemar's test ("Note on the sampling error of the difference between correlated proportions or
/// percentages", Psychometrika 12, 1947), two-sided: exact below 25 discordant images, above with
/// Edwards's continuity correction (Psychometrika 13, 1948).
McNemarTest mcnemar_test(std::int64_t only_first, std::int64_t only_second);

/// How much a score of one model lies above that of another on the same images.
struct PairedDifference {
  double difference = 0;
  Interval interval;
  /// Twice the smaller share of the resampled differences on either side of 0, at least 2 / (number
  /// of resamples + 1) (Davison and Hinkley, "Bootstrap methods and their application", 1997).
  double p_value = 1;
};

/// The difference first − second by a paired bootstrap over the images. NaN and p = 1 where a score
/// is not defined. Throws Interrupted.
PairedDifference paired_bootstrap(std::int64_t images, const CountedScore& first,
                                  const CountedScore& second, std::uint64_t seed);

/// The p-values of several tests, raised so that the probability of a single false finding among
/// all of them stays below the level (Holm, "A simple sequentially rejective multiple test
/// procedure", Scandinavian Journal of Statistics 6, 1979). In the same order.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

}  // namespace transfer
