#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace transfer {

/// State of a WeightAverage, for checkpoints.
struct WeightAverageState {
  std::int64_t updates = 0;
  std::vector<torch::Tensor> average;
};

/// Exponential moving average of weights over training steps (Polyak and Juditsky 1992). Its decay
/// after n updates is min(decay, (1 + n) / (10 + n)), as TensorFlow's ExponentialMovingAverage, so
/// that the random start is soon forgotten. Only what gradient steps change is averaged:
/// BatchNorm's running statistics are averages already, and the model's current ones serve both.
class WeightAverage {
 public:
  /// Shares the model's tensors and starts from their values. REQUIRES: not empty, floating.
  WeightAverage(std::vector<torch::Tensor> weights, double decay);

  /// Updates the average; called after each step of the optimizer. Throws std::logic_error while
  /// the average is swapped in.
  void update();

  /// Exchanges weights and average, in place: once to evaluate or save the average, and again to
  /// continue training.
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

/// While it lives, the model holds the average.
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
