#pragma once

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"
#include "core/stopwatch.h"

namespace transfer {

/// Trains a head on the features of frozen layers, which are computed once (freeze-conv,
/// early-features), and writes model.pt and predictions_val.csv. `since_start` runs since the
/// command began. Returns the summary without its total time. Features and weight decays that
/// `known` holds are not computed again. Throws Error.
Summary run_on_frozen_features(const Preparation& preparation, const RunDirectory& run,
                               const Stopwatch& since_start, StageProbes known = {});

}  // namespace transfer
