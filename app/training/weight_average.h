#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace transfer {

/// What a WeightAverage remembers, for checkpoints.
struct WeightAverageState {
  std::int64_t updates = 0;
  std::vector<torch::Tensor> average;
};

/// Exponential moving average of weights over training steps (Polyak and Juditsky 1992). Its decay
/// after n updates is min(decay, (1 + n) / (10 + n)), as TensorFlow's ExponentialMovingAverage, so
/// that the random start is forgotten soon. Only what gradient steps move is averaged: BatchNorm's
/// running statistics are averages already, and the model's current ones serve both.
class WeightAverage {
 public:
  /// Shares the model's tensors and starts from what they hold. REQUIRES: not empty, floating.
  WeightAverage(std::vector<torch::Tensor> weights, double decay);

  /// Takes in the weights; called after each step of the optimizer. Throws std::logic_error while
  /// the average is swapped in.
  void update();

  /// Exchanges weights and average, in place: once to evaluate or save the average, once more to
  /// train on.
  void swap();

  std::int64_t updates() const { return updates_; }

  /// A copy. Throws std::logic_error while the average is swapped in.
  WeightAverageState state() const;
  /// Throws std::invalid_argument where the tensors are not those of the weights.
  void restore(const WeightAverageState& state);

 private:
  std::vector<torch::Tensor> weights_;
  std::vector<torch::Tensor> average_;
  double decay_;
  std::int64_t updates_ = 0;
  bool swapped_ = false;
};

/// Has the average in the model's place as long as it lives.
class AverageInPlace {
 public:
  explicit AverageInPlace(WeightAverage& average) : average_(average) { average_.swap(); }
  ~AverageInPlace() { average_.swap(); }
  AverageInPlace(const AverageInPlace&) = delete;
  AverageInPlace& operator=(const AverageInPlace&) = delete;

 private:
  WeightAverage& average_;
};

}  // namespace transfer
