#include "app/features/near_copies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "app/features/nearest_images.h"

namespace transfer {
namespace {

/// Among fewer training images than this none need be like the one in question.
constexpr std::int64_t kFewestImages = 20;
/// The distance to this many-th nearest training image shows how far apart images like it lie.
constexpr std::int64_t kNeighbours = 5;
/// Of that distance. Measured with efficientnet-lite0: 95 % of photographs saved anew at quality 60
/// lie below it.
constexpr double kNear = 0.25;
/// Multiply-adds that the comparison may cost: about half a second on two cores.
constexpr std::int64_t kMostWork = 20'000'000'000;

/// At most `most` of the rows that are not broken, evenly spread.
std::vector<std::int64_t> spread_rows(const FeatureSet& set, std::int64_t most) {
  const auto* labels = set.labels.data_ptr<std::int64_t>();
  std::vector<std::int64_t> valid;
  for (std::int64_t i = 0; i < set.rows(); ++i) {
    if (labels[i] >= 0) valid.push_back(i);
  }
  const auto count = static_cast<std::int64_t>(valid.size());
  if (count <= most) return valid;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < most; ++i) {
    rows.push_back(valid[static_cast<std::size_t>(i * count / most)]);
  }
  return rows;
}

}  // namespace

std::vector<std::string> near_copies(const FeatureSet& train, const FeatureSet& measuring) {
  const torch::InferenceMode no_gradients;
  const std::int64_t images = train.valid_rows();
  if (images < kFewestImages || measuring.valid_rows() == 0) return {};
  const std::int64_t work_of_row = images * train.views.front().dimension();
  const auto rows = spread_rows(measuring, std::max<std::int64_t>(kMostWork / work_of_row, 1));
  const auto found = NearestImages(train).find(measuring.views.front().gather(rows), kNeighbours);
  const torch::Tensor distances_of = 1 - found.similarities;
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto distances = distances_of[static_cast<std::int64_t>(i)];
    const auto usual = distances[kNeighbours - 1].item<double>();
    if (distances[0].item<double>() >= kNear * usual) continue;
    const auto row = found.rows[static_cast<std::int64_t>(i)][0].item<std::int64_t>();
    const Sample& one = measuring.samples[static_cast<std::size_t>(rows[i])];
    const Sample& other = train.samples[static_cast<std::size_t>(row)];
    if (one.copy_group >= 0 && one.copy_group == other.copy_group) continue;
    pairs.push_back(fmt::format("{} = {}", one.path, other.path));
  }
  return pairs;
}

}  // namespace transfer
