#include "app/check/feature_findings.h"

#include <torch/torch.h>

#include <algorithm>

#include "core/cancellation.h"

namespace transfer {
namespace {

constexpr std::int64_t kFewestCompared = 20;
constexpr std::int64_t kMostCompared = 20'000;
constexpr std::int64_t kNearest = 10;
/// Position of the fifth nearest.
constexpr std::int64_t kUsual = 4;
constexpr double kMuchNearer = 0.25;
constexpr double kOutlying = 4;
/// How much less alike two pictures may be than near_duplicates() asks, where features agree.
constexpr int kMoreBits = 2;
constexpr double kLessCorrelation = 0.32;

/// The images nearest to each image, itself left out, the nearest first.
struct NearestImages {
  std::vector<std::int64_t> rows;  ///< of the images, in the set
  torch::Tensor distances;         ///< [n,kNearest]
  torch::Tensor others;            ///< [n,kNearest] positions in the set
};

NearestImages nearest_images(const FeatureSet& set) {
  constexpr std::int64_t kRowsAtOnce = 512;
  NearestImages result;
  const auto counted = set.truth().counted();
  const auto* const positions = counted.const_data_ptr<std::int64_t>();
  result.rows.assign(positions, positions + counted.size(0));
  const std::int64_t images = counted.size(0);
  const std::int64_t compared = std::min(images, kMostCompared);
  const auto chosen =
      counted.index_select(0, torch::arange(compared).mul(images).floor_divide(compared));
  const auto* const chosen_rows = chosen.const_data_ptr<std::int64_t>();
  const auto directions = [&set](const std::vector<std::int64_t>& rows) {
    return torch::nn::functional::normalize(set.views.front().gather(rows),
                                            torch::nn::functional::NormalizeFuncOptions().dim(1));
  };
  const auto others = directions({chosen_rows, chosen_rows + compared}).t().contiguous();
  std::vector<torch::Tensor> distances;
  std::vector<torch::Tensor> nearest;
  for (std::int64_t first = 0; first < images; first += kRowsAtOnce) {
    throw_if_stopped();
    const auto own = counted.narrow(0, first, std::min(kRowsAtOnce, images - first));
    const auto* const own_rows = own.const_data_ptr<std::int64_t>();
    auto between = 1 - directions({own_rows, own_rows + own.size(0)}).matmul(others);
    between.masked_fill_(own.unsqueeze(1).eq(chosen.unsqueeze(0)), 3);  // itself
    const auto [smallest, columns] = between.topk(kNearest, 1, /*largest=*/false);
    distances.push_back(smallest.clamp_min(0));
    nearest.push_back(chosen.index_select(0, columns.flatten()).view_as(columns));
  }
  result.distances = torch::cat(distances);
  result.others = torch::cat(nearest);
  return result;
}

std::vector<Finding> find_outliers(const NearestImages& nearest) {
  const auto logarithms = nearest.distances.mean(1).clamp_min(1e-6).log();
  const auto median = logarithms.median();
  const double deviation = 1.4826 * (logarithms - median).abs().median().item<double>();
  std::vector<Finding> outliers;
  if (deviation <= 0) return outliers;
  const auto scores = ((logarithms - median) / deviation).contiguous();
  const auto* const score = scores.const_data_ptr<float>();
  for (std::size_t i = 0; i < nearest.rows.size(); ++i) {
    if (score[i] <= kOutlying) continue;
    outliers.push_back(
        {Fault::kOutlier, static_cast<std::size_t>(nearest.rows[i]), std::nullopt, score[i]});
  }
  return outliers;
}

std::vector<AlikePair> find_alike(const NearestImages& nearest, const std::vector<ImageScan>& scans,
                                  const Likeness& likeness) {
  std::vector<AlikePair> pairs;
  for (std::size_t i = 0; i < nearest.rows.size(); ++i) {
    const auto distances = nearest.distances[static_cast<std::int64_t>(i)];
    const auto usual = distances[kUsual].item<double>();
    const auto image = static_cast<std::size_t>(nearest.rows[i]);
    if (!shows_something(scans[image])) continue;
    for (std::int64_t k = 0; k < kUsual; ++k) {
      if (distances[k].item<double>() >= kMuchNearer * usual) break;
      const auto other = static_cast<std::size_t>(
          nearest.others[static_cast<std::int64_t>(i)][k].item<std::int64_t>());
      const int bits = differing_bits(scans[image], scans[other]);
      const double correlation = outline_correlation(scans[image], scans[other]);
      if (bits > kMoreBits * likeness.bits) continue;
      if (correlation < likeness.correlation - kLessCorrelation) continue;
      pairs.push_back({std::min(image, other), std::max(image, other), bits, correlation});
    }
  }
  return pairs;
}

}  // namespace

FeatureNeighbours compare_features(const FeatureSet& set, const std::vector<ImageScan>& scans,
                                   const Likeness& likeness) {
  const torch::InferenceMode no_gradients;
  if (set.valid_rows() < kFewestCompared) return {};
  const NearestImages nearest = nearest_images(set);
  return {find_outliers(nearest), find_alike(nearest, scans, likeness)};
}

}  // namespace transfer
