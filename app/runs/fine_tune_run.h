#pragma once

#include <cstdint>

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"

namespace transfer {

/// Where a run begins and where it pauses.
struct RunSpan {
  /// Continues from the run's checkpoint, if there is one.
  bool resumes = false;
  /// Epoch after which it pauses with a checkpoint (Paused is thrown); 0 never pauses.
  std::int64_t pause_after = 0;
};

/// Trains layers of the network itself (fine-tune, retrain) and writes model.pt and
/// predictions_val.csv. Features and weight decays that `known` holds are not computed
/// again. Returns the summary without its total time. Throws Error.
Summary run_fine_tuning(Preparation preparation, const RunDirectory& run, const RunSpan& span,
                        const StageProbes& known = {});

}  // namespace transfer
