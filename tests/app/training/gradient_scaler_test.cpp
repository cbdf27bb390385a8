#include "app/training/gradient_scaler.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>

namespace transfer {
namespace {

torch::Tensor with_gradient(at::IntArrayRef shape, double gradient) {
  auto tensor = torch::zeros(shape).requires_grad_(true);
  tensor.mutable_grad() = torch::full(shape, gradient, torch::kFloat32);
  return tensor;
}

double first_number(const torch::Tensor& tensor) { return tensor.flatten()[0].item<double>(); }

float nonfinite(const GradientScaler& scaler, const std::vector<torch::Tensor>& parameters) {
  const auto result = scaler.unscale(parameters);
  EXPECT_EQ(result.dim(), 0);
  return result.item<float>();
}

TEST(GradientScaler, ScalesTheLossAndUndoesItInTheGradients) {
  const GradientScaler scaler;
  const auto w = torch::full({3}, 2.0F).requires_grad_(true);
  scaler.scale((w * 0.125).sum()).backward();
  EXPECT_EQ(first_number(w.grad()), 8192) << "0.125 · 65,536";
  EXPECT_EQ(nonfinite(scaler, {w}), 0);
  EXPECT_EQ(first_number(w.grad()), 0.125);
}

TEST(GradientScaler, TellsNonFiniteGradients) {
  const GradientScaler scaler;
  EXPECT_EQ(nonfinite(scaler, {with_gradient({2}, 1), with_gradient({2}, HUGE_VAL)}), 1);
  EXPECT_EQ(nonfinite(scaler, {with_gradient({2}, std::nan("")), with_gradient({2}, 1)}), 1);
  EXPECT_EQ(nonfinite(scaler, {with_gradient({2}, 1), torch::ones({2})}), 0);
  EXPECT_EQ(nonfinite(scaler, {}), 0);
}

TEST(GradientScaler, HalvesAtOnceAndDoublesAfter2000FiniteSteps) {
  GradientScaler scaler;
  scaler.update(false);
  EXPECT_EQ(scaler.state().scale, 32768);
  for (int i = 0; i < 1999; ++i) scaler.update(true);
  EXPECT_EQ(scaler.state().scale, 32768);
  GradientScaler again;
  again.restore(scaler.state());
  again.update(true);
  EXPECT_EQ(again.state().scale, 65536);
  EXPECT_EQ(again.state().finite_steps, 0);
  scaler.update(false);
  for (int i = 0; i < 1999; ++i) scaler.update(true);
  EXPECT_EQ(scaler.state().scale, 16384) << "a bad step restarts the count";
}

TEST(GradientScaler, GrowsOnlyWhileFloat32HoldsTheScale) {
  GradientScaler scaler;
  scaler.restore({0x1p127, 1999});
  scaler.update(true);
  EXPECT_EQ(scaler.state().scale, 0x1p127);
}

/// The gradient of a linear layer of 1,000 classes that computes in float16, as autocast has it,
/// over a batch of 64 rows, with the scaler's word on it.
struct HalfGradient {
  torch::Tensor gradient;
  float nonfinite = 0;
};

HalfGradient half_gradient(const GradientScaler& scaler) {
  const auto weight = torch::zeros({1000, 8}).requires_grad_(true);
  const auto features = torch::full({64, 8}, 2.0F);
  const auto labels = torch::arange(64);
  const auto logits =
      torch::linear(features.to(torch::kFloat16), weight.to(torch::kFloat16)).to(torch::kFloat32);
  scaler.scale(at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum)).backward();
  const float found = nonfinite(scaler, {weight});
  return {weight.grad(), found};
}

TEST(GradientScaler, ASummedLossStaysWithinFloat16AtTheFirstStep) {
  // A row's gradient is (1 − 1/1000) · 2 for its class: times 65,536 it is above 65,504.
  EXPECT_EQ(half_gradient(GradientScaler()).nonfinite, 1) << "not divided by the rows";
  const auto divided = half_gradient(GradientScaler(64));
  EXPECT_EQ(divided.nonfinite, 0);
  EXPECT_NEAR(first_number(divided.gradient), -2 * (1 - 64.0 / 1000), 2e-3)
      << "of the sum, not of the mean";
}

TEST(GradientScaler, DividingByRowsRoundsNoGradient) {
  torch::manual_seed(1);
  const auto input = torch::randn({48, 6});
  const auto gradient_of = [&](const std::function<torch::Tensor(const torch::Tensor&)>& scaled) {
    const auto w = torch::full({3, 6}, 0.1F).requires_grad_(true);
    scaled(at::cross_entropy_loss(torch::linear(input, w), torch::arange(48).remainder(3), {},
                                  at::Reduction::Sum))
        .backward();
    return w;
  };
  const auto plain = gradient_of([](const torch::Tensor& loss) { return loss; });
  for (const std::int64_t rows : {1, 48, 64, 1000}) {
    const GradientScaler scaler(rows);
    const auto w = gradient_of([&](const torch::Tensor& loss) { return scaler.scale(loss); });
    EXPECT_EQ(nonfinite(scaler, {w}), 0);
    EXPECT_TRUE(torch::equal(w.grad(), plain.grad())) << rows;
  }
}

}  // namespace
}  // namespace transfer
