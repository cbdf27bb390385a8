#pragma once

#include "app/report/summary.h"
#include "app/runs/preparation.h"

namespace transfer {

/// Trains layers of the network itself (fine-tune, retrain) and writes model.pt and
/// predictions_val.csv. With `resumes` it goes on from the run's checkpoint, where there is one.
/// Returns the summary but for its total time. Throws Error.
Summary run_fine_tuning(Preparation preparation, const RunDirectory& run, bool resumes);

}  // namespace transfer
