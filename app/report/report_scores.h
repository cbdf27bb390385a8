#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/training/metrics.h"
#include "app/training/scored_images.h"

namespace transfer {

/// The 95 % intervals of counted_scores() by their keys, from affordable_resamples(); both ends are
/// NaN where there are none, and where all resamples have the same value, as those of few images
/// that are all right: that would not be a narrow interval but none. `seed` decides the resamples.
/// Throws Interrupted.
std::map<std::string, Interval> resampled_intervals(const ScoredImages& images, std::uint64_t seed);

/// The headline scores of a split with 95 % intervals, as JSON: an array of `{key, value, low,
/// high, method}`, the score by which models are compared first. `method` is `wilson` for shares of
/// images and `bootstrap` otherwise; all three are null where the images are too many to be
/// resampled or the score is not defined. `seed` decides the resamples. Throws Interrupted.
nlohmann::ordered_json headline_scores(const Metrics& metrics, const ScoredImages& images,
                                       std::uint64_t seed);

}  // namespace transfer
