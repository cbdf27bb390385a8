#include "app/training/reliability.h"

#include <algorithm>
#include <cmath>

namespace transfer {

std::vector<ReliabilityBin> reliability_bins(const ScoredImages& images) {
  constexpr std::size_t kBins = 15;
  torch::Tensor confidence = images.predictions;
  torch::Tensor is_right;
  if (images.kind == TargetKind::kClass) {
    const auto [highest, predicted] = images.predictions.max(1);
    confidence = highest;
    is_right = predicted.eq(images.truth.labels);
  } else {
    is_right = images.truth.targets.ge(0.5);
  }
  const torch::Tensor sure = confidence.flatten().to(torch::kFloat64).contiguous();
  const torch::Tensor right = is_right.flatten().to(torch::kFloat64).contiguous();
  std::vector<ReliabilityBin> bins(kBins);
  for (std::int64_t i = 0; i < sure.numel(); ++i) {
    const double value = sure.const_data_ptr<double>()[i];
    if (std::isnan(value)) continue;
    // Bins are open on the left: 1/15 belongs to the first.
    const double place = std::ceil(value * static_cast<double>(kBins)) - 1;
    ReliabilityBin& bin = bins[static_cast<std::size_t>(std::clamp(place, 0.0, kBins - 1.0))];
    ++bin.count;
    bin.confidence += value;
    bin.accuracy += right.const_data_ptr<double>()[i];
  }
  for (ReliabilityBin& bin : bins) {
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return bins;
}

double expected_calibration_error(const std::vector<ReliabilityBin>& bins) {
  double sum = 0;
  double count = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += static_cast<double>(bin.count) * std::abs(bin.confidence - bin.accuracy);
    count += static_cast<double>(bin.count);
  }
  return count == 0 ? 0 : sum / count;
}

double expected_calibration_error(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  return expected_calibration_error(
      reliability_bins({TargetKind::kClass, probabilities, Truth{labels, {}}}));
}

}  // namespace transfer
