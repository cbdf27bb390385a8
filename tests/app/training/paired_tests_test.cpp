#include "app/training/paired_tests.h"

#include <gmock/gmock.h>

#include <cmath>

namespace transfer {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

TEST(McNemar, IsThatOfStatsmodels) {
  // statsmodels.stats.contingency_tables.mcnemar, exact=True below 25, else correction=True
  EXPECT_NEAR(mcnemar_test(1, 9).p_value, 0.021484375, 1e-12);
  EXPECT_NEAR(mcnemar_test(6, 0).p_value, 0.03125, 1e-12);
  EXPECT_NEAR(mcnemar_test(5, 5).p_value, 1.0, 1e-12);
  EXPECT_NEAR(mcnemar_test(3, 4).p_value, 1.0, 1e-12);
  EXPECT_NEAR(mcnemar_test(12, 20).p_value, 0.21592493894013678, 1e-12);
  EXPECT_NEAR(mcnemar_test(10, 30).p_value, 0.002663119259138558, 1e-12);
  EXPECT_EQ(mcnemar_test(0, 0).p_value, 1.0);
  EXPECT_TRUE(mcnemar_test(12, 12).is_exact);
  EXPECT_FALSE(mcnemar_test(12, 13).is_exact);
}

TEST(PairedBootstrap, SeesADifferenceThatEveryImageHas) {
  const auto mean_of = [](double value) {
    return CountedScore([value](const std::vector<std::int32_t>& counts) {
      double sum = 0;
      for (std::size_t i = 0; i < counts.size(); ++i) {
        sum += counts[i] * (static_cast<double>(i) + value);
      }
      return sum / static_cast<double>(counts.size());
    });
  };
  // The scores vary much from sample to sample, their difference does not at all.
  const PairedDifference paired = paired_bootstrap(30, mean_of(0.5), mean_of(0), 3);
  EXPECT_NEAR(paired.difference, 0.5, 1e-12);
  EXPECT_NEAR(paired.interval.low, 0.5, 1e-12);
  EXPECT_NEAR(paired.interval.high, 0.5, 1e-12);
  EXPECT_NEAR(paired.p_value, 2.0 / 1001, 1e-12);
  EXPECT_EQ(paired_bootstrap(30, mean_of(0), mean_of(0), 3).p_value, 1.0);
  const CountedScore undefined = [](const auto&) { return std::nan(""); };
  EXPECT_EQ(paired_bootstrap(30, undefined, undefined, 3).p_value, 1.0);
}

TEST(Holm, IsThatOfStatsmodels) {
  // statsmodels.stats.multitest.multipletests([0.01, 0.04, 0.03, 0.005], method="holm")
  EXPECT_THAT(holm_adjusted({0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12),
                          DoubleNear(0.02, 1e-12)));
  EXPECT_THAT(holm_adjusted({}), testing::IsEmpty());
}

}  // namespace
}  // namespace transfer
