#include "app/training/auroc.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace transfer {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// [C,N] bool: which images are of each class or have each label.
torch::Tensor membership(const Objective& objective, const Truth& truth, std::int64_t outputs) {
  if (objective.targets() == TargetKind::kLabels) return truth.targets.ge(0.5).t().contiguous();
  return torch::arange(outputs).unsqueeze(1).eq(truth.labels.unsqueeze(0)).contiguous();
}

/// Area of one class by the scores of all images; NaN where it is undefined.
double area(const double* scores, const bool* is_member, std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [scores](std::int64_t a, std::int64_t b) { return scores[a] < scores[b]; });
  double members = 0;
  double rank_sum = 0;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    double tied_members = 0;
    for (; last < order.size() && scores[order[last]] == scores[order[first]]; ++last) {
      tied_members += is_member[order[last]] ? 1 : 0;
    }
    const double middle_rank = static_cast<double>(first + 1 + last) / 2;  // ranks from 1 on
    rank_sum += tied_members * middle_rank;
    members += tied_members;
    first = last;
  }
  const double others = static_cast<double>(count) - members;
  if (members == 0 || others == 0) return kUndefined;
  return (rank_sum - members * (members + 1) / 2) / (members * others);
}

/// [C,N] float64, by which the images are ranked for each class or label; of two classes [1,N], for
/// the second.
torch::Tensor scores_of(const Objective& objective, const torch::Tensor& logits) {
  const auto exact = logits.cpu().to(torch::kFloat64);
  if (objective.targets() == TargetKind::kLabels) return exact.t().contiguous();
  // The difference keeps apart what probabilities near 1 would not.
  if (exact.size(1) == 2) return (exact.select(1, 1) - exact.select(1, 0)).unsqueeze(0);
  return exact.softmax(1).t().contiguous();
}

}  // namespace

double auroc(const Objective& objective, const torch::Tensor& logits, const Truth& truth) {
  torch::NoGradGuard no_gradients;
  const auto scores = scores_of(objective, logits);
  if (scores.isnan().any().item<bool>()) return kUndefined;
  auto members = membership(objective, truth, logits.size(1));
  if (scores.size(0) == 1 && members.size(0) == 2) members = members.narrow(0, 1, 1).contiguous();
  const std::int64_t count = scores.size(1);
  std::vector<double> areas(static_cast<std::size_t>(scores.size(0)));
  at::parallel_for(0, scores.size(0), /*grain_size=*/1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      areas[static_cast<std::size_t>(c)] = area(scores.const_data_ptr<double>() + c * count,
                                                members.const_data_ptr<bool>() + c * count, count);
    }
  });
  std::erase_if(areas, [](double one) { return std::isnan(one); });
  if (areas.empty()) return kUndefined;
  return std::accumulate(areas.begin(), areas.end(), 0.0) / static_cast<double>(areas.size());
}

std::vector<std::size_t> without_area(const Objective& objective, const Truth& all_truth,
                                      std::int64_t outputs) {
  const Truth truth = all_truth.select(all_truth.counted());
  const auto counts = membership(objective, truth, outputs).sum(1);
  std::vector<std::size_t> without;
  for (std::int64_t c = 0; c < outputs; ++c) {
    const auto count = counts[c].item<std::int64_t>();
    if (count == 0 || count == truth.rows()) without.push_back(static_cast<std::size_t>(c));
  }
  return without;
}

}  // namespace transfer
