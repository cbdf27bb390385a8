#include "app/training/known_images_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/random.h"

namespace transfer {

std::vector<std::int64_t> rows_to_keep(const torch::Tensor& labels, std::int64_t most) {
  const torch::Tensor truth = labels.to(torch::kCPU).contiguous();
  const auto* const label = truth.const_data_ptr<std::int64_t>();
  std::vector<std::vector<std::int64_t>> of_class;
  for (std::int64_t i = 0; i < truth.size(0); ++i) {
    if (label[i] < 0) continue;
    const auto position = static_cast<std::size_t>(label[i]);
    if (position >= of_class.size()) of_class.resize(position + 1);
    of_class[position].push_back(i);
  }
  Random random(0);
  std::size_t longest = 0;
  for (auto& rows : of_class) {
    random.shuffle(rows);
    longest = std::max(longest, rows.size());
  }
  std::vector<std::int64_t> kept;
  for (std::size_t turn = 0; turn < longest; ++turn) {
    for (const auto& rows : of_class) {
      if (std::ssize(kept) == most) return kept;
      if (turn < rows.size()) kept.push_back(rows[turn]);
    }
  }
  return kept;
}

std::int64_t rows_that_fit(std::int64_t dimension, std::int64_t wanted) {
  constexpr std::int64_t kBytesOfNumber = 2;
  return std::min(wanted, KnownImages::kMostBytes / (kBytesOfNumber * std::max(dimension, 1L)));
}

KnownImages fit_known_images(const torch::Tensor& train, const torch::Tensor& val) {
  constexpr double kKept = 0.95;
  constexpr double kHalfADigit = 1 + 5e-7;
  const torch::NoGradGuard no_gradients;
  KnownImages known = known_images(train);
  const torch::Tensor scores = std::get<0>(UnknownScore(known).score(val).sort()).contiguous();
  const auto images = static_cast<double>(scores.size(0));
  const auto rank = static_cast<std::int64_t>(std::ceil(kKept * images - 1e-9));
  const double score = scores[std::max<std::int64_t>(rank, 1) - 1].item<float>();
  known.threshold = std::stod(fmt::format("{:.6e}", score * kHalfADigit));
  return known;
}

}  // namespace transfer
