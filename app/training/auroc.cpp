#include "app/training/auroc.h"

#include <torch/torch.h>

namespace transfer {

std::optional<double> area_under_roc(const torch::Tensor& scores,
                                     const torch::Tensor& is_positive) {
  const std::int64_t images = scores.size(0);
  const auto positives = is_positive.sum().item<std::int64_t>();
  const std::int64_t negatives = images - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;
  const auto [sorted, order] = scores.contiguous().sort(0);
  const torch::Tensor positive = is_positive.index_select(0, order).contiguous();
  const auto* const score = sorted.const_data_ptr<double>();
  const auto* const counts = positive.const_data_ptr<bool>();
  double pairs = 0;
  std::int64_t lower_negatives = 0;
  for (std::int64_t first = 0; first < images;) {
    std::int64_t equal_positives = 0;
    std::int64_t equal_negatives = 0;
    std::int64_t last = first;
    for (; last < images && score[last] == score[first]; ++last) {
      ++(counts[last] ? equal_positives : equal_negatives);
    }
    pairs += static_cast<double>(equal_positives) *
             (static_cast<double>(lower_negatives) + static_cast<double>(equal_negatives) / 2);
    lower_negatives += equal_negatives;
    first = last;
  }
  return pairs / (static_cast<double>(positives) * static_cast<double>(negatives));
}

std::optional<double> mean_area_under_roc(const torch::Tensor& scores,
                                          const torch::Tensor& is_positive) {
  double sum = 0;
  double columns = 0;
  for (std::int64_t c = 0; c < scores.size(1); ++c) {
    const auto area = area_under_roc(scores.select(1, c), is_positive.select(1, c));
    if (!area) continue;
    sum += *area;
    ++columns;
  }
  if (columns == 0) return std::nullopt;
  return sum / columns;
}

}  // namespace transfer
