#include "app/training/feature_scaling.h"

#include <algorithm>

namespace transfer {
namespace {

/// Added to each feature's standard deviation, as a part of their mean.
constexpr double kFloor = 0.05;

}  // namespace

Head FeatureScaling::unscaled(const Head& head) const {
  Head result = head;
  LinearLayer& first = result.layers.front();
  first.weight = first.weight / scale.to(first.weight.device());
  first.bias = first.bias - first.weight.matmul(mean.to(first.weight.device()));
  return result;
}

FeatureScaling measure_scaling(const FeatureSet& train) {
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
  // Do not amplify a feature that hardly varies.
  const auto floor = kFloor * standard_deviation.mean();
  const auto root = (standard_deviation + floor).sqrt().clamp_min(1e-6);
  const auto mean_square = (standard_deviation / root).square().mean().clamp_min(1e-12);
  return {mean.to(torch::kFloat32), (root * mean_square.sqrt()).to(torch::kFloat32)};
}

}  // namespace transfer
