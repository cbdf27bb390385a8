#include "app/training/calibration_error.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace transfer {

double expected_calibration_error(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  constexpr int kBins = 15;
  const auto [largest, classes] = probabilities.max(1);
  const auto confidences = largest.to(torch::kCPU, torch::kFloat64).contiguous();
  const auto hits = classes.cpu().eq(labels.to(torch::kCPU)).to(torch::kFloat64).contiguous();
  const auto* const confidence = confidences.const_data_ptr<double>();
  const auto* const hit = hits.const_data_ptr<double>();
  // Of each bin, hits minus confidences: its share of images times the difference of their means.
  std::array<double, kBins> gaps{};
  for (std::int64_t i = 0; i < confidences.size(0); ++i) {
    // The bins are open on the left: 1/15 belongs to the first.
    const double bin = std::ceil(confidence[i] * kBins) - 1;
    gaps[static_cast<std::size_t>(std::clamp(bin, 0.0, kBins - 1.0))] += hit[i] - confidence[i];
  }
  double sum = 0;
  for (const double gap : gaps) sum += std::abs(gap);
  return sum / static_cast<double>(confidences.size(0));
}

}  // namespace transfer
