#include "app/training/weight_average.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace transfer {
namespace {

torch::Tensor weight(double value) {
  return torch::full({2}, value, torch::kFloat32).requires_grad_(true);
}

void set(torch::Tensor& tensor, double value) {
  const at::NoGradGuard no_gradients;
  tensor.fill_(value);
}

double first_value(const torch::Tensor& tensor) { return tensor[0].item<double>(); }

TEST(WeightAverage, HandComputedUpdates) {
  auto w = weight(0);
  WeightAverage average({w}, 0.15);
  set(w, 1);
  average.update();  // decay 1/10
  EXPECT_NEAR(first_value(average.state().average[0]), 0.9, 1e-6);
  set(w, 2);
  average.update();  // decay min(0.15, 2/11): 0.15 · 0.9 + 0.85 · 2
  EXPECT_NEAR(first_value(average.state().average[0]), 1.835, 1e-6);
  EXPECT_EQ(average.state().updates, 2);
  EXPECT_EQ(first_value(w), 2) << "the weights stay";
}

TEST(WeightAverage, WarmUpTakesOverUntilTheDecayIsReached) {
  auto w = weight(0);
  WeightAverage average({w}, 0.999);
  set(w, 1);
  double left = 1;
  for (int n = 0; n < 50; ++n) {
    average.update();
    left *= (1.0 + n) / (10.0 + n);
  }
  EXPECT_NEAR(first_value(average.state().average[0]), 1 - left, 1e-6);
}

TEST(WeightAverage, SwapsInAndOut) {
  auto a = weight(0);
  auto b = weight(5);
  WeightAverage average({a, b}, 0.5);
  set(a, 1);
  average.update();
  const void* memory = a.data_ptr();
  {
    const AverageInPlace in_place(average);
    EXPECT_NEAR(first_value(a), 0.9, 1e-6);
    EXPECT_EQ(first_value(b), 5);
    EXPECT_TRUE(a.requires_grad());
    EXPECT_THROW(average.update(), std::logic_error);
    EXPECT_THROW(average.state(), std::logic_error);
  }
  EXPECT_EQ(first_value(a), 1);
  EXPECT_EQ(a.data_ptr(), memory);
  EXPECT_NEAR(first_value(average.state().average[0]), 0.9, 1e-6);
}

TEST(WeightAverage, GoesOnFromItsState) {
  auto w = weight(0);
  WeightAverage average({w}, 0.9);
  set(w, 1);
  average.update();
  const auto state = average.state();
  average.update();
  WeightAverage again({w}, 0.9);
  again.restore(state);
  again.update();
  EXPECT_TRUE(torch::equal(again.state().average[0], average.state().average[0]));
  EXPECT_EQ(again.state().updates, 2);
  EXPECT_THROW(again.restore({1, {}}), std::invalid_argument);
  EXPECT_THROW(again.restore({1, {torch::zeros({3})}}), std::invalid_argument);
}

}  // namespace
}  // namespace transfer
