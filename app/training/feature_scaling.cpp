#include "app/training/feature_scaling.h"

#include <algorithm>
#include <cmath>

namespace transfer {

LinearHead FeatureScaling::unscaled(const LinearHead& head) const {
  const auto weight = head.weight / scale;
  return {weight, head.bias - weight.matmul(mean.to(weight.device()))};
}

FeatureScaling measure_scaling(const FeatureSet& train) {
  constexpr std::int64_t kChunk = 4096;
  const FeatureTable& table = train.views.front();
  auto sum = torch::zeros({table.dimension()}, torch::kFloat64);
  auto squares = torch::zeros({table.dimension()}, torch::kFloat64);
  // Rows of broken pictures are zero and add nothing.
  for (std::int64_t first = 0; first < table.rows(); first += kChunk) {
    const auto part = table.read(first, std::min(kChunk, table.rows() - first)).to(torch::kFloat64);
    sum += part.sum(0);
    squares += part.square().sum(0);
  }
  const auto rows = static_cast<double>(std::max<std::int64_t>(train.valid_rows(), 1));
  const auto mean = sum / rows;
  const double variance = (squares / rows - mean.square()).mean().item<double>();
  return {mean.to(torch::kFloat32), std::sqrt(std::max(variance, 1e-12))};
}

}  // namespace transfer
