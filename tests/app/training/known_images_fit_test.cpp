#include "app/training/known_images_fit.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

TEST(KnownImagesFit, KeepsEveryClassAndNoBrokenImage) {
  const auto labels = torch::tensor({0, 0, 0, 0, 1, -1, 2, 0}, torch::kInt64);
  const auto three = rows_to_keep(labels, 3);
  ASSERT_EQ(three.size(), 3U);
  EXPECT_THAT(three, testing::UnorderedElementsAre(testing::AnyOf(0, 1, 2, 3, 7), 4, 6));
  EXPECT_THAT(rows_to_keep(labels, 100), testing::UnorderedElementsAre(0, 1, 2, 3, 4, 6, 7));
  EXPECT_EQ(rows_to_keep(labels, 3), three) << "always the same";
}

TEST(KnownImagesFit, KeepsNoMoreThanFit) {
  EXPECT_EQ(rows_that_fit(1280, 1000), 1000);
  EXPECT_EQ(rows_that_fit(150'528, 1000), KnownImages::kMostBytes / (2 * 150'528));
}

TEST(KnownImagesFit, TheThresholdKeepsNineteenOfTwentyValidationImages) {
  torch::manual_seed(3);
  const auto train = torch::randn({300, 20}).abs() + 1;
  const auto val = torch::randn({200, 20}).abs() + 1;
  const auto known = fit_known_images(train, val);
  const auto share = [&](const torch::Tensor& features) {
    const auto scores = UnknownScore(known).score(features);
    return scores.le(known.threshold).to(torch::kFloat64).mean().item<double>();
  };
  EXPECT_NEAR(share(val), 0.95, 1e-9);
  EXPECT_EQ(share(-val), 0) << "nothing like it was seen";
}

}  // namespace
}  // namespace transfer
