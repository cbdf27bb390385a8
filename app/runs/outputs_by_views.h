#pragma once

#include <cstdint>
#include <optional>

#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/runs/split_results.h"

namespace transfer {

/// Gives the splits the outputs of the run's model.pt by so many test-time views, as `transfer
/// evaluate --tta` has them. Each view of each image is one more pass through the whole network.
/// REQUIRES: model.pt has been written. Throws Interrupted.
void see_in_views(const Preparation& preparation, const RunDirectory& run, std::int64_t views,
                  SplitOutputs& val, std::optional<SplitOutputs>& test);

}  // namespace transfer
