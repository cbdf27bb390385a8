#include "app/training/mixing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "app/training/loss.h"
#include "core/random.h"

namespace transfer {
namespace {

/// Row i holds i + 1 everywhere, a row without a label zeros; channels-last.
torch::Tensor images_for(const torch::Tensor& labels, std::int64_t height, std::int64_t width) {
  auto images = torch::zeros({labels.size(0), 3, height, width});
  for (std::int64_t i = 0; i < labels.size(0); ++i) {
    if (labels[i].item<std::int64_t>() >= 0) images[i].fill_(static_cast<double>(i + 1));
  }
  return images.contiguous(at::MemoryFormat::ChannelsLast);
}

bool is_near(const torch::Tensor& a, const torch::Tensor& b) {
  return a.sizes() == b.sizes() && torch::allclose(a, b, 1e-5, 1e-6);
}

const torch::Tensor& labels() {
  static const auto tensor = torch::tensor({0, 2, -1, 1}, torch::kInt64);
  return tensor;
}

TEST(Mixing, MixupBlendsImagesAndTargets) {
  MixPlan plan;
  plan.partners = {3, 0, 2, 1};
  plan.share = 0.75;
  const auto images = images_for(labels(), 2, 2);
  const auto mixed = mix_batch(images, {labels()}, 3, plan);
  const auto values = torch::tensor(
      {0.75 * 1 + 0.25 * 4, 0.75 * 2 + 0.25 * 1, 0.0, 0.75 * 4 + 0.25 * 2}, torch::kFloat32);
  EXPECT_TRUE(is_near(mixed.images, values.reshape({4, 1, 1, 1}).expand({4, 3, 2, 2})));
  EXPECT_TRUE(is_near(mixed.truth.targets, torch::tensor({0.75, 0.25, 0.0, 0.25, 0.0, 0.75, 0.0,
                                                          0.0, 0.0, 0.0, 0.75, 0.25},
                                                         torch::kFloat32)
                                               .reshape({4, 3})));
  EXPECT_TRUE(mixed.images.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(torch::equal(images, images_for(labels(), 2, 2))) << "the input stays";
}

TEST(Mixing, APlanScalesToImagesOfAnotherSize) {
  MixPlan plan;
  plan.partners = {1, 0};
  plan.share = 0.75;
  plan.top = 3;
  plan.height = 4;
  plan.left = 0;
  plan.width = 5;
  const MixPlan larger = scaled_plan(plan, 2, 3);
  EXPECT_EQ(larger.top, 6);
  EXPECT_EQ(larger.height, 8);
  EXPECT_EQ(larger.left, 0);
  EXPECT_EQ(larger.width, 15);
  EXPECT_EQ(larger.share, 0.75);
  EXPECT_EQ(scaled_plan(plan, 0.01, 0.01).share, 1) << "nothing is left to paste";
  plan.height = 0;
  EXPECT_EQ(scaled_plan(plan, 0.01, 0.01).share, 0.75) << "mixup has no rectangle";
}

TEST(Mixing, CutMixPastesTheRectangle) {
  MixPlan plan;
  plan.partners = {1, 3, 2, 0};
  plan.top = 1;
  plan.left = 0;
  plan.height = 2;
  plan.width = 3;
  plan.share = 1.0 - 6.0 / 16.0;
  const auto mixed = mix_batch(images_for(labels(), 4, 4), {labels()}, 3, plan);
  const auto expected = torch::tensor({1, 1, 1, 1, 2, 2, 2, 1, 2, 2, 2, 1, 1, 1, 1, 1});
  EXPECT_TRUE(is_near(mixed.images[0][2], expected.to(torch::kFloat32).reshape({4, 4})));
  EXPECT_EQ(mixed.images[2].abs().max().item<double>(), 0);
  EXPECT_TRUE(is_near(mixed.truth.targets[0], torch::tensor({0.625F, 0.0F, 0.375F})));
  EXPECT_TRUE(mixed.images.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(Mixing, AShareOfOneIsThePlainBatch) {
  AugmentConfig off;
  const auto plan = draw_mix(labels(), 4, 4, off, 1);
  EXPECT_EQ(plan.share, 1.0);
  const auto images = images_for(labels(), 4, 4);
  const auto mixed = mix_batch(images, {labels()}, 3, plan);
  EXPECT_TRUE(torch::equal(mixed.images, images));
  EXPECT_TRUE(is_near(mixed.truth.targets.sum(1), torch::tensor({1.0F, 1.0F, 0.0F, 1.0F})));
}

TEST(Mixing, PartnersArePermutedAmongRowsThatCount) {
  const auto many = torch::tensor({1, -1, 0, 2, -1, 1, 1, 0}, torch::kInt64);
  AugmentConfig config;
  config.mixup = 0.4;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto partners = draw_mix(many, 8, 8, config, seed).partners;
    EXPECT_EQ(partners[1], 1);
    EXPECT_EQ(partners[4], 4);
    auto sorted = partners;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(sorted[i], static_cast<std::int64_t>(i));
  }
}

TEST(Mixing, TheSeedDecidesEverything) {
  AugmentConfig config;
  config.mixup = config.cutmix = 1.0;
  int different = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto once = draw_mix(labels(), 32, 32, config, seed);
    const auto again = draw_mix(labels(), 32, 32, config, seed);
    EXPECT_EQ(once.share, again.share);
    EXPECT_EQ(once.partners, again.partners);
    EXPECT_EQ(once.top, again.top);
    different += once.share != draw_mix(labels(), 32, 32, config, seed + 100).share ? 1 : 0;
  }
  EXPECT_GE(different, 18);
}

TEST(Mixing, RectanglesLieInsideAndTheShareIsWhatIsLeft) {
  AugmentConfig config;
  config.cutmix = 1.0;
  double shares = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const auto plan = draw_mix(labels(), 20, 30, config, seed);
    ASSERT_GE(plan.top, 0);
    ASSERT_GE(plan.left, 0);
    ASSERT_GE(plan.height, 0);
    ASSERT_GE(plan.width, 0);
    ASSERT_LE(plan.top + plan.height, 20);
    ASSERT_LE(plan.left + plan.width, 30);
    ASSERT_NEAR(plan.share, 1.0 - static_cast<double>(plan.height * plan.width) / 600.0, 1e-12);
    shares += plan.share;
  }
  EXPECT_GT(shares / 500, 0.5) << "what is cut off at the edges stays the image's own";
  EXPECT_LT(shares / 500, 0.8);
}

TEST(Mixing, WithBothOnEachTakesItsTurn) {
  AugmentConfig config;
  config.mixup = config.cutmix = 1.0;
  int cut = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    cut += draw_mix(labels(), 224, 224, config, seed).height > 0 ? 1 : 0;
  }
  EXPECT_NEAR(cut, 200, 40);
}

TEST(Mixing, TargetsOfTheImagesAreMixedInTheSameParts) {
  MixPlan plan;
  plan.partners = {3, 0, 2, 1};
  plan.share = 0.75;
  const auto targets =
      torch::tensor({1.0F, -4.0F, 0.0F, 8.0F, 0.0F, 0.0F, 2.0F, 100.0F}).reshape({4, 2});
  const auto mixed = mix_batch(images_for(labels(), 2, 2), {labels(), targets}, 2, plan);
  EXPECT_TRUE(
      is_near(mixed.truth.targets,
              torch::tensor({1.25F, 22.0F, 0.25F, 5.0F, 0.0F, 0.0F, 1.5F, 77.0F}).reshape({4, 2})));
  EXPECT_TRUE(torch::equal(mixed.truth.labels, labels())) << "which rows count";
}

Loss weighted_and_smoothed() { return {{}, 0.1, torch::tensor({0.5F, 2.0F, 1.0F})}; }

/// A truth of parts of the classes whose rows all count.
Truth parts(const torch::Tensor& targets) {
  return {torch::zeros({targets.size(0)}, torch::kInt64), targets};
}

TEST(SoftCrossEntropy, HandComputed) {
  // Logits ln 1, ln 2, ln 5: probabilities 1/8, 2/8, 5/8.
  const auto logits = torch::tensor({1.0F, 2.0F, 5.0F}).log().unsqueeze(0);
  const auto truth = parts(torch::tensor({0.25F, 0.75F, 0.0F}).unsqueeze(0));
  EXPECT_NEAR(Loss().sum(logits, truth).item<double>(), 0.25 * std::log(8.0) + 0.75 * std::log(4.0),
              1e-6);
  const auto loss = weighted_and_smoothed();
  // Targets 0.9 t + 0.1/3, times the class weights 0.5, 2, 1.
  EXPECT_NEAR(loss.sum(logits, truth).item<double>(),
              0.5 * (0.225 + 0.1 / 3) * std::log(8.0) + 2 * (0.675 + 0.1 / 3) * std::log(4.0) +
                  0.1 / 3 * std::log(1.6),
              1e-6);
  EXPECT_NEAR(loss.weight(truth), 0.25 * 0.5 + 0.75 * 2, 1e-6);
}

TEST(SoftCrossEntropy, OneHotTargetsGiveTheHardLossAndGradient) {
  for (const Loss& loss : {Loss(), Loss{{}, 0.1}, weighted_and_smoothed()}) {
    const auto values =
        torch::tensor({1.0F, -2.0F, 0.5F, 0.0F, 3.0F, 1.0F, 9.0F, 9.0F, -9.0F, 0.25F, 0.5F, 0.125F})
            .reshape({4, 3});
    const auto hard_logits = values.clone().requires_grad_(true);
    const auto soft_logits = values.clone().requires_grad_(true);
    MixPlan nothing;
    nothing.partners = {0, 1, 2, 3};
    const Truth truth = mix_batch(images_for(labels(), 2, 2), {labels()}, 3, nothing).truth;
    const auto hard = loss.sum(hard_logits, {labels()});
    const auto soft = loss.sum(soft_logits, truth);
    hard.backward();
    soft.backward();
    EXPECT_NEAR(soft.item<double>(), hard.item<double>(), 1e-5);
    EXPECT_NEAR(loss.weight(truth), loss.weight({labels()}), 1e-6);
    EXPECT_TRUE(is_near(soft_logits.grad(), hard_logits.grad()));
  }
}

TEST(SoftCrossEntropy, IsTheMixtureOfTheHardLosses) {
  const auto loss = weighted_and_smoothed();
  MixPlan plan;
  plan.partners = {3, 0, 2, 1};
  plan.share = 0.3;
  const auto logits = torch::arange(12, torch::kFloat32).reshape({4, 3}).sin();
  const Truth truth = mix_batch(images_for(labels(), 2, 2), {labels()}, 3, plan).truth;
  const auto partner_labels = torch::tensor({1, 0, -1, 2}, torch::kInt64);
  EXPECT_NEAR(loss.sum(logits, truth).item<double>(),
              0.3 * loss.sum(logits, {labels()}).item<double>() +
                  0.7 * loss.sum(logits, {partner_labels}).item<double>(),
              1e-5);
}

}  // namespace
}  // namespace transfer
