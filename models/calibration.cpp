#include "models/calibration.h"

#include <cmath>

namespace transfer {

std::optional<double> ConformalScores::largest_score(double coverage) const {
  // Rounding must not ask for one image more than the formula.
  constexpr double kRounding = 1e-9;
  const auto wanted = static_cast<double>(images + 1) * coverage;
  const auto rank = static_cast<std::int64_t>(std::ceil(wanted - kRounding));
  if (scores.empty() || rank > images) return std::nullopt;
  const auto kept = static_cast<std::int64_t>(scores.size());
  // The i-th of the kept scores, counted from 1, is that of rank ceil(i · images / kept).
  const std::int64_t position = rank < 1 ? 0 : (rank - 1) * kept / images;
  return scores[static_cast<std::size_t>(position)];
}

double ConformalScores::largest_coverage() const {
  return static_cast<double>(images) / static_cast<double>(images + 1);
}

}  // namespace transfer
