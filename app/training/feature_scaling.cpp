#include "app/training/feature_scaling.h"

#include <algorithm>
#include <cmath>

namespace transfer {
namespace {

/// Added to each feature's standard deviation, as a part of their mean.
constexpr double kFloor = 0.05;

/// The scale of features with these standard deviations, which makes their mean square one.
torch::Tensor scale_of(const torch::Tensor& standard_deviation) {
  // Do not amplify a feature that hardly varies.
  const auto floor = kFloor * standard_deviation.mean();
  const auto root = (standard_deviation + floor).sqrt().clamp_min(1e-6);
  const auto mean_square = (standard_deviation / root).square().mean().clamp_min(1e-12);
  return root * mean_square.sqrt();
}

}  // namespace

Head FeatureScaling::unscaled(const Head& head) const {
  Head result = head;
  LinearLayer& first = result.layers.front();
  first.weight = first.weight / scale.to(first.weight.device());
  first.bias = first.bias - first.weight.matmul(mean.to(first.weight.device()));
  return result;
}

FeatureScaling measure_scaling(const FeatureSet& train) {
  return measure_block_scaling(train, {train.views.front().dimension()});
}

FeatureScaling measure_block_scaling(const FeatureSet& train,
                                     const std::vector<std::int64_t>& widths) {
  constexpr std::int64_t kChunk = 4096;
  const FeatureTable& table = train.views.front();
  auto sum = torch::zeros({table.dimension()}, torch::kFloat64);
  auto squares = torch::zeros({table.dimension()}, torch::kFloat64);
  // Rows of broken images are zero and add nothing.
  for (std::int64_t first = 0; first < table.rows(); first += kChunk) {
    const auto part = table.read(first, std::min(kChunk, table.rows() - first)).to(torch::kFloat64);
    sum += part.sum(0);
    squares += part.square().sum(0);
  }
  const auto rows = static_cast<double>(std::max<std::int64_t>(train.valid_rows(), 1));
  const auto mean = sum / rows;
  const auto standard_deviation = (squares / rows - mean.square()).clamp_min(0).sqrt();
  std::vector<torch::Tensor> scales;
  std::int64_t first = 0;
  for (const std::int64_t width : widths) {
    const double share = static_cast<double>(table.dimension()) /
                         static_cast<double>(width * static_cast<std::int64_t>(widths.size()));
    scales.push_back(scale_of(standard_deviation.narrow(0, first, width)) / std::sqrt(share));
    first += width;
  }
  return {mean.to(torch::kFloat32), torch::cat(scales).to(torch::kFloat32)};
}

}  // namespace transfer
