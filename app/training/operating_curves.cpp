#include "app/training/operating_curves.h"

namespace transfer {

std::vector<OperatingPoint> operating_points(const torch::Tensor& scores,
                                             const torch::Tensor& is_positive, std::size_t most) {
  const auto positives = is_positive.sum().item<std::int64_t>();
  const std::int64_t negatives = is_positive.size(0) - positives;
  if (positives == 0 || negatives == 0) return {};
  const auto [falling, order] = scores.contiguous().sort(/*stable=*/true, 0, /*descending=*/true);
  const torch::Tensor sorted = falling.contiguous();
  const torch::Tensor positive = is_positive.index_select(0, order).contiguous();
  const auto* const score = sorted.const_data_ptr<float>();
  const auto* const counts = positive.const_data_ptr<bool>();
  std::vector<OperatingPoint> points;
  double found = 0;
  double wrong = 0;
  for (std::int64_t i = 0; i < sorted.size(0); ++i) {
    ++(counts[i] ? found : wrong);
    if (i + 1 < sorted.size(0) && score[i] == score[i + 1]) continue;
    points.push_back({score[i], found / static_cast<double>(positives),
                      wrong / static_cast<double>(negatives), found / (found + wrong)});
  }
  if (points.size() <= most) return points;
  std::vector<OperatingPoint> thinned;
  for (std::size_t k = 0; k < most; ++k) {
    thinned.push_back(points[k * (points.size() - 1) / (most - 1)]);
  }
  return thinned;
}

}  // namespace transfer
