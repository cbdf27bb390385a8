#include "app/training/label_thresholds.h"

#include <torch/torch.h>

#include <cmath>

namespace transfer {
namespace {

constexpr float kHalf = 0.5F;

/// A label's images by rising probability.
struct RankedImages {
  std::vector<float> probabilities;
  std::vector<bool> have_label;
  std::int64_t positives = 0;
};

RankedImages ranked_images(const torch::Tensor& probabilities, const torch::Tensor& targets) {
  const auto [sorted, order] = probabilities.contiguous().sort();
  const auto truth = targets.index_select(0, order).ge(kHalf).contiguous();
  RankedImages images;
  for (std::int64_t i = 0; i < sorted.size(0); ++i) {
    images.probabilities.push_back(sorted.const_data_ptr<float>()[i]);
    images.have_label.push_back(truth.const_data_ptr<bool>()[i]);
    images.positives += images.have_label.back() ? 1 : 0;
  }
  return images;
}

/// F1 · (predicted + positives) / 2 are the hits, so that equal scores are equal in whole numbers.
struct F1 {
  std::int64_t hits = 0;
  std::int64_t marks = 1;  ///< predicted + positives

  bool is_better_than(const F1& other) const { return hits * other.marks > other.hits * marks; }
  bool is_equal_to(const F1& other) const { return hits * other.marks == other.hits * marks; }
};

/// A number above `low` and at most `high`: the middle, if there is a float between them.
float between(float low, float high) {
  const float middle = low + (high - low) / 2;
  return middle > low ? middle : high;
}

bool is_nearer_to_half(float one, float other) {
  return std::abs(one - kHalf) < std::abs(other - kHalf);
}

float best_threshold(const RankedImages& images) {
  const std::size_t count = images.probabilities.size();
  if (images.positives < kFewestPositives || images.positives == static_cast<std::int64_t>(count)) {
    return kHalf;
  }
  // From the lowest cut up: image `first` and all behind it are predicted.
  std::int64_t hits = images.positives;
  F1 best;
  F1 at_half{0, images.positives};
  float threshold = kHalf;
  for (std::size_t first = 0; first < count; ++first) {
    const F1 f1{hits, static_cast<std::int64_t>(count - first) + images.positives};
    const float lower = first == 0 ? -1 : images.probabilities[first - 1];
    const float upper = images.probabilities[first];
    if (lower < kHalf && upper >= kHalf) at_half = f1;
    if (first > 0 && lower < upper) {
      const float candidate = between(lower, upper);
      if (f1.is_better_than(best) ||
          (f1.is_equal_to(best) && is_nearer_to_half(candidate, threshold))) {
        best = f1;
        threshold = candidate;
      }
    }
    hits -= images.have_label[first] ? 1 : 0;
  }
  return best.is_better_than(at_half) ? threshold : kHalf;
}

}  // namespace

torch::Tensor predicted_labels(const Objective& objective, const torch::Tensor& probabilities) {
  if (objective.label_thresholds.empty()) return probabilities.ge(kHalf);
  return probabilities.ge(torch::tensor(objective.label_thresholds, probabilities.options()));
}

std::vector<float> choose_label_thresholds(const torch::Tensor& outputs, const Truth& truth) {
  const torch::NoGradGuard no_gradients;
  const auto rows = truth.counted();
  const auto probabilities =
      outputs.to(torch::kCPU, torch::kFloat32).index_select(0, rows).sigmoid();
  const auto targets = truth.targets.index_select(0, rows);
  std::vector<float> thresholds;
  for (std::int64_t label = 0; label < outputs.size(1); ++label) {
    thresholds.push_back(
        best_threshold(ranked_images(probabilities.select(1, label), targets.select(1, label))));
  }
  return thresholds;
}

}  // namespace transfer
