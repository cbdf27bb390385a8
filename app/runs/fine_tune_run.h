#pragma once

#include "app/advice/stage_probe.h"
#include "app/preparation/preparation.h"
#include "app/report/summary.h"

namespace transfer {

/// Trains layers of the network itself (fine-tune, retrain) and writes model.pt and
/// predictions_val.csv. With `resumes` it goes on from the run's checkpoint, where there is one.
/// What `known` holds of features and weight decays is not computed again. Returns the summary but
/// for its total time. Throws Error.
Summary run_fine_tuning(Preparation preparation, const RunDirectory& run, bool resumes,
                        const StageProbing& known = {});

}  // namespace transfer
