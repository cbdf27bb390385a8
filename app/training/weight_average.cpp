#include "app/training/weight_average.h"

#include <algorithm>
#include <stdexcept>

namespace transfer {
namespace {

std::vector<torch::Tensor> copies_of(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> copies;
  copies.reserve(tensors.size());
  for (const auto& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

}  // namespace

WeightAverage::WeightAverage(std::vector<torch::Tensor> weights, double decay)
    : weights_(std::move(weights)), average_(copies_of(weights_)), decay_(decay) {}

void WeightAverage::update() {
  if (swapped_) throw std::logic_error("WeightAverage: update while the average is swapped in");
  const at::NoGradGuard no_gradients;
  const auto n = static_cast<double>(updates_);
  const double decay = std::min(decay_, (1.0 + n) / (10.0 + n));
  at::_foreach_lerp_(average_, weights_, 1.0 - decay);
  ++updates_;
}

void WeightAverage::swap() {
  const at::NoGradGuard no_gradients;
  // One at a time: the second copy is as small as it can be.
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const auto weight = weights_[i].clone();
    weights_[i].copy_(average_[i]);
    average_[i].copy_(weight);
  }
  swapped_ = !swapped_;
}

WeightAverageState WeightAverage::state() const {
  if (swapped_) throw std::logic_error("WeightAverage: state while the average is swapped in");
  return {updates_, copies_of(average_)};
}

void WeightAverage::restore(const WeightAverageState& state) {
  const bool fits = std::equal(
      state.average.begin(), state.average.end(), average_.begin(), average_.end(),
      [](const torch::Tensor& a, const torch::Tensor& b) { return a.sizes() == b.sizes(); });
  if (!fits) throw std::invalid_argument("WeightAverage: the state belongs to other weights");
  const at::NoGradGuard no_gradients;
  for (std::size_t i = 0; i < average_.size(); ++i) average_[i].copy_(state.average[i]);
  updates_ = state.updates;
}

}  // namespace transfer
