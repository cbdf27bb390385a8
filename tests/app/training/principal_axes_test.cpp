#include "app/training/principal_axes.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace transfer {
namespace {

std::optional<PrincipalAxes> axes_of(const torch::Tensor& features) {
  return principal_axes(
      features.size(0), features.size(1),
      [&](std::int64_t first, std::int64_t count) { return features.narrow(0, first, count); });
}

double difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(PrincipalAxes, AreOrthonormalAndKeepWhatFeaturesHold) {
  torch::manual_seed(1);
  for (const auto& [rows, columns] : {std::pair{5000, 12}, std::pair{9, 40}}) {
    const auto features = torch::randn({rows, columns});
    const auto axes = axes_of(features);
    ASSERT_TRUE(axes);
    const std::int64_t count = std::min(rows, columns);
    EXPECT_LT(difference(axes->basis.t().matmul(axes->basis), torch::eye(count)), 1e-5);
    const auto turned = features.matmul(axes->basis);
    EXPECT_LT(difference(turned.matmul(axes->basis.t()), features), 1e-4) << "nothing is lost";
    const auto products = turned.t().matmul(turned);
    EXPECT_LT(
        difference(products / axes->strengths[0], axes->strengths.diag() / axes->strengths[0]),
        1e-4)
        << "features along the axes are uncorrelated";
    EXPECT_GE(axes->strengths.diff().mul(-1).min().item<double>(), 0) << "the strongest first";
  }
}

TEST(PrincipalAxes, DirectionsWithoutFeaturesAreLeftOut) {
  torch::manual_seed(1);
  const auto flat = torch::randn({5, 2}).matmul(torch::randn({2, 6}));
  EXPECT_EQ(axes_of(flat)->basis.size(1), 2);
  EXPECT_EQ(axes_of(torch::zeros({4, 6}))->basis.size(1), 1) << "but one always stays";
}

TEST(PrincipalAxes, TheStrongestHoldThePartAskedFor) {
  const auto features = torch::diag(torch::tensor({3.0F, 1.0F, 0.1F}));  // squares 9, 1, 0.01
  const auto axes = axes_of(features);
  EXPECT_EQ(axes->strongest(0.85).basis.size(1), 1);
  EXPECT_EQ(axes->strongest(0.95).basis.size(1), 2);
  EXPECT_EQ(axes->strongest(1).basis.size(1), 3);
}

TEST(PrincipalAxes, TooManyAreNotLookedFor) {
  const auto nothing =
      principal_axes(kMostAxes + 1, kMostAxes + 1, [](std::int64_t, std::int64_t) -> torch::Tensor {
        throw std::logic_error("features were read");
      });
  EXPECT_FALSE(nothing);
}

}  // namespace
}  // namespace transfer
