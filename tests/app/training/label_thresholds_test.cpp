#include "app/training/label_thresholds.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>

#include "app/training/metrics.h"
#include "tests/app/whole_truth.h"

namespace transfer {
namespace {

/// The threshold of one label with these probabilities, and whether images have it.
float chosen_threshold(const std::vector<double>& probabilities,
                       const std::vector<float>& has_label) {
  const auto logits = torch::tensor(probabilities, torch::kFloat64).logit().to(torch::kFloat32);
  const Truth truth = whole_truth(torch::tensor(has_label).unsqueeze(1));
  return choose_label_thresholds(logits.unsqueeze(1), truth).front();
}

TEST(LabelThresholds, AreInTheMiddleOfTheGapWithTheBestF1) {
  // Five of six above the gap have the label, one below has not.
  EXPECT_NEAR(chosen_threshold({0.1, 0.2, 0.3, 0.31, 0.32, 0.33, 0.34}, {0, 0, 1, 1, 1, 1, 1}),
              0.25, 1e-6);
  EXPECT_NEAR(chosen_threshold({0.6, 0.7, 0.8, 0.81, 0.82, 0.83, 0.84}, {0, 0, 1, 1, 1, 1, 1}),
              0.75, 1e-6);
}

TEST(LabelThresholds, OneHalfStaysWhereItIsAsGood) {
  EXPECT_EQ(chosen_threshold({0.1, 0.2, 0.6, 0.7, 0.8, 0.9, 0.95}, {0, 0, 1, 1, 1, 1, 1}), 0.5F);
  EXPECT_EQ(chosen_threshold({0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95}, {0, 0, 1, 1, 1, 1, 1}), 0.5F)
      << "one half itself is predicted";
}

TEST(LabelThresholds, OfEquallyGoodOnesTheNearestToOneHalfIsTaken) {
  const std::vector<double> p = {0.1, 0.2, 0.21, 0.4, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46, 0.47};
  const std::vector<float> y = {0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1};
  const auto f1_at = [&](double threshold) {
    double hits = 0;
    double marks = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      marks += y[i] + (p[i] >= threshold ? 1 : 0);
      hits += p[i] >= threshold ? y[i] : 0;
    }
    return 2 * hits / marks;
  };
  const float found = chosen_threshold(p, y);
  for (std::size_t i = 1; i < p.size(); ++i) {
    const double middle = (p[i - 1] + p[i]) / 2;
    EXPECT_LE(f1_at(middle), f1_at(found) + 1e-9) << middle;
    if (std::abs(f1_at(middle) - f1_at(found)) < 1e-9) {
      EXPECT_LE(std::abs(found - 0.5), std::abs(middle - 0.5) + 1e-6) << middle;
    }
  }
}

TEST(LabelThresholds, OneHalfStaysWithTooFewImagesOrWithoutOthers) {
  EXPECT_EQ(chosen_threshold({0.1, 0.2, 0.3, 0.31, 0.32, 0.33}, {0, 0, 1, 1, 1, 1}), 0.5F)
      << "four";
  EXPECT_EQ(chosen_threshold({0.1, 0.2, 0.3, 0.31, 0.32}, {1, 1, 1, 1, 1}), 0.5F) << "all have it";
  EXPECT_EQ(chosen_threshold({0.1, 0.2}, {0, 0}), 0.5F);
}

TEST(LabelThresholds, NeighbouringFloatsAreToldApart) {
  const auto probability = [](float logit) { return torch::tensor(logit).sigmoid().item<float>(); };
  const float low = -1;
  float high = low;
  while (probability(high) == probability(low)) high = std::nextafter(high, 0.0F);
  const auto logits = torch::tensor({low, high, high, high, high, high});
  const Truth truth = whole_truth(torch::tensor({0.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F}).unsqueeze(1));
  const Objective objective{
      .loss = LossKind::kBinaryCrossEntropy,
      .label_thresholds = choose_label_thresholds(logits.unsqueeze(1), truth)};
  EXPECT_EQ(multi_label_metrics(objective, logits.unsqueeze(1), truth, {}).macro_f1, 1);
}

TEST(LabelThresholds, EachLabelHasItsOwnAndBrokenImagesDoNotCount) {
  torch::manual_seed(2);
  const auto targets = torch::rand({60, 3}).gt(0.6).to(torch::kFloat32);
  auto logits = targets * 2 + torch::randn({60, 3}) - torch::tensor({3.0F, 1.0F, 0.0F});
  Truth truth = whole_truth(targets);
  const auto all = choose_label_thresholds(logits, truth);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_LT(all[0], 0.4F) << "logits lie far below";
  const Objective fixed{LossKind::kBinaryCrossEntropy};
  Objective chosen_here = fixed;
  chosen_here.label_thresholds = all;
  const auto before = multi_label_metrics(fixed, logits, truth, {});
  const auto after = multi_label_metrics(chosen_here, logits, truth, {});
  for (std::size_t c = 0; c < 3; ++c) EXPECT_GE(after.f1[c], before.f1[c]);
  EXPECT_GT(after.macro_f1, before.macro_f1 + 0.1);
  truth.labels.slice(0, 10, 20).fill_(-1);
  const auto some = choose_label_thresholds(logits, truth);
  logits.slice(0, 10, 20).fill_(50);
  EXPECT_EQ(choose_label_thresholds(logits, truth), some);
}

}  // namespace
}  // namespace transfer
