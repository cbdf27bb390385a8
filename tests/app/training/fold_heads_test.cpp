#include "app/training/fold_heads.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "app/training/lbfgs.h"

namespace transfer {
namespace {

constexpr std::int64_t kFolds = 3;
constexpr std::int64_t kRows = 45;
constexpr std::int64_t kClasses = 4;
/// How far from the exact outputs the fits end, where the loss is flat.
constexpr double kStopsAt = 0.03;

FoldedImages folded_images() {
  torch::manual_seed(3);
  const auto labels = torch::randint(0, kClasses, {kRows}, torch::kInt64);
  // Axes of very different spread, and classes that overlap.
  const auto centres = torch::randn({kClasses, 6});
  const auto features = (centres.index_select(0, labels) + 1.5 * torch::randn({kRows, 6})) *
                        torch::tensor({3.0F, 1.0F, 1.0F, 0.3F, 0.1F, 0.01F});
  return {features, {labels, {}}, torch::arange(kRows).remainder(9).sub(5).clamp(0, 2), kFolds};
}

/// The outputs of `fold`'s images by a head that is fitted alone to all others, by autograd and
/// in double precision.
torch::Tensor fitted_alone(Loss loss, const FoldedImages& all, std::int64_t outputs,
                           double weight_decay, std::int64_t fold) {
  const auto others = all.folds.ne(fold).nonzero().flatten();
  const auto features = all.features.index_select(0, others).to(torch::kFloat64);
  Truth truth = all.truth.select(others);
  if (truth.targets.defined()) truth.targets = truth.targets.to(torch::kFloat64);
  for (torch::Tensor* tensor : {&loss.class_weights, &loss.logit_offsets}) {
    if (tensor->defined()) *tensor = tensor->to(torch::kFloat64);
  }
  const auto weight =
      torch::zeros({outputs, all.features.size(1)}, torch::kFloat64).requires_grad_(true);
  const auto bias = torch::zeros({outputs}, torch::kFloat64).requires_grad_(true);
  const auto objective = [&] {
    weight.mutable_grad() = torch::Tensor();
    bias.mutable_grad() = torch::Tensor();
    const auto mean = loss.sum(torch::linear(features, weight, bias), truth) / loss.weight(truth) +
                      0.5 * weight_decay * weight.square().sum();
    mean.backward();
    return mean.item<double>();
  };
  minimize_by_lbfgs({weight, bias}, objective, 1000, 1e-12);
  const torch::NoGradGuard no_gradients;
  const auto own = all.folds.eq(fold).nonzero().flatten();
  return torch::linear(all.features.index_select(0, own).to(torch::kFloat64), weight, bias);
}

/// Outputs without what those of an image have in common, which a softmax does not see.
torch::Tensor as_seen(const Loss& loss, const torch::Tensor& outputs) {
  const bool is_softmax = loss.objective.targets() == TargetKind::kClass;
  return is_softmax ? outputs - outputs.mean(1, /*keepdim=*/true) : outputs;
}

void expect_as_fitted_alone(const Loss& loss, const FoldedImages& all, std::int64_t outputs) {
  FoldHeads heads(loss, all, outputs);
  for (const double weight_decay : {1.0, 0.5}) {
    const auto found = heads.fit(weight_decay);
    for (std::int64_t fold = 0; fold < kFolds; ++fold) {
      const auto expected = as_seen(loss, fitted_alone(loss, all, outputs, weight_decay, fold));
      const auto rows = all.folds.eq(fold).nonzero().flatten();
      const auto own = as_seen(loss, found.index_select(0, rows));
      EXPECT_LT((own - expected).norm().item<double>(), kStopsAt * expected.norm().item<double>())
          << "weight decay " << weight_decay << ", fold " << fold;
    }
  }
}

TEST(FoldHeads, EachIsFittedToTheImagesOfTheOtherFolds) {
  expect_as_fitted_alone(Loss{}, folded_images(), kClasses);
}

TEST(FoldHeads, LabelSmoothingAndClassWeightsAreThoseOfTheLoss) {
  Loss loss;
  loss.label_smoothing = 0.2;
  loss.class_weights = torch::tensor({0.5F, 1.0F, 2.0F, 1.5F});
  expect_as_fitted_alone(loss, folded_images(), kClasses);
}

TEST(FoldHeads, FocalAndLogitAdjustedLosses) {
  Loss loss;
  loss.objective.loss = LossKind::kFocal;
  loss.class_weights = torch::tensor({0.5F, 1.0F, 2.0F, 1.5F});
  expect_as_fitted_alone(loss, folded_images(), kClasses);
  loss = {};
  loss.objective.loss = LossKind::kLogitAdjusted;
  loss.logit_offsets = torch::tensor({-0.2F, -1.0F, -2.0F, -4.0F});
  expect_as_fitted_alone(loss, folded_images(), kClasses);
}

TEST(FoldHeads, SeveralLabelsAndNumbers) {
  FoldedImages all = folded_images();
  all.truth.targets =
      torch::stack({all.truth.labels.eq(1), all.truth.labels.lt(2)}, 1).to(torch::kFloat32);
  Loss loss;
  loss.objective.loss = LossKind::kBinaryCrossEntropy;
  ASSERT_EQ(loss.objective.targets(), TargetKind::kLabels);
  expect_as_fitted_alone(loss, all, 2);
  loss.objective.loss = LossKind::kMeanSquaredError;
  ASSERT_EQ(loss.objective.targets(), TargetKind::kValues);
  expect_as_fitted_alone(loss, all, 2);
}

}  // namespace
}  // namespace transfer
