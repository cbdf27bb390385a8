#include "core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace transfer {
namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments moments(const std::function<double()>& draw) {
  constexpr int kDraws = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = draw();
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  return {mean, squares / kDraws - mean * mean};
}

TEST(Random, BetaHasItsMeanAndVariance) {
  // Mean a / (a + b), variance a b / ((a + b)² (a + b + 1)).
  for (const auto& [a, b] : {std::pair{0.2, 0.2},
                             {1.0, 1.0},
                             {2.0, 5.0},
                             {8.0, 8.0},
                             {0.1, 0.5},
                             {0.5, 1.0},
                             {2.5, 20.0},
                             {20.0, 0.1}}) {
    Random random(3);
    const Moments m = moments([&, a = a, b = b] { return random.beta(a, b); });
    EXPECT_NEAR(m.mean, a / (a + b), 0.01) << a << ' ' << b;
    EXPECT_NEAR(m.variance, a * b / ((a + b) * (a + b) * (a + b + 1)), 0.005) << a << ' ' << b;
  }
}

TEST(Random, BetaOfATinyAlphaIsZeroOrOne) {
  Random random(4);
  int ones = 0;
  for (int i = 0; i < 1000; ++i) {
    const double share = random.beta(1e-4, 1e-4);
    ASSERT_TRUE(share >= 0.0 && share <= 1.0) << share;
    ones += share > 0.5 ? 1 : 0;
  }
  EXPECT_NEAR(ones, 500, 60);
}

}  // namespace
}  // namespace transfer
