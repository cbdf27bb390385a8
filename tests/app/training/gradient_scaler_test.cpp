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

}  // namespace
}  // namespace transfer
