#include "app/training/confidence_interval.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

namespace transfer {
namespace {

using Counts = std::vector<std::int32_t>;

TEST(WilsonInterval, IsThatOfStatsmodels) {
  // statsmodels.stats.proportion.proportion_confint(successes, trials, method="wilson")
  const struct {
    std::int64_t successes, trials;
    double low, high;
  } cases[] = {{0, 10, 0.0, 0.27753279986288926},
               {10, 10, 0.7224672001371106, 1.0},
               {95, 100, 0.8882495307680808, 0.9784563208456319},
               {1, 3, 0.06149194472039626, 0.7923403991979523},
               {9503, 10000, 0.94586491379854, 0.9543892572688286}};
  for (const auto& one : cases) {
    const Interval interval = wilson_interval(one.successes, one.trials);
    EXPECT_NEAR(interval.low, one.low, 1e-12) << one.successes << " of " << one.trials;
    EXPECT_NEAR(interval.high, one.high, 1e-12) << one.successes << " of " << one.trials;
  }
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

double mean_place(const Counts& counts) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) sum += counts[i] * static_cast<double>(i);
  return sum / static_cast<double>(counts.size());
}

TEST(Bootstrap, DrawsAsManyImagesEachTimeAndTheSameForEveryScore) {
  const CountedScore total = [](const Counts& counts) {
    return std::accumulate(counts.begin(), counts.end(), 0.0);
  };
  const auto values = bootstrap_values(50, {total, mean_place, mean_place}, 7, 200);
  EXPECT_THAT(values[0], testing::Each(50.0));
  EXPECT_EQ(values[1], values[2]);
  EXPECT_EQ(values[1], bootstrap_values(50, {mean_place}, 7, 200).front()) << "the seed decides";
  EXPECT_NE(values[1], bootstrap_values(50, {mean_place}, 8, 200).front());
  EXPECT_THAT(bootstrap_values(0, {total}, 7).front(), testing::IsEmpty());
}

TEST(Bootstrap, TheIntervalOfAMeanIsAboutTwoStandardErrors) {
  constexpr std::int64_t kImages = 400;
  const auto values = bootstrap_values(kImages, {mean_place}, 1).front();
  const Interval interval = percentile_interval(values);
  const double deviation = std::sqrt((kImages * kImages - 1) / 12.0);
  const double half = 1.96 * deviation / std::sqrt(static_cast<double>(kImages));
  EXPECT_NEAR(interval.low, 199.5 - half, 0.15 * half);
  EXPECT_NEAR(interval.high, 199.5 + half, 0.15 * half);
}

TEST(PercentileInterval, IsTheMiddleOfWhatIsDefined) {
  std::vector<double> values(101);
  std::iota(values.rbegin(), values.rend(), 0.0);
  values.push_back(std::nan(""));
  // numpy.percentile(range(101), [2.5, 97.5])
  EXPECT_DOUBLE_EQ(percentile_interval(values).low, 2.5);
  EXPECT_DOUBLE_EQ(percentile_interval(values).high, 97.5);
  EXPECT_TRUE(std::isnan(percentile_interval({std::nan("")}).low));
}

}  // namespace
}  // namespace transfer
