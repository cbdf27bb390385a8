#pragma once

#include <cstdint>
#include <optional>

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"
#include "app/training/run_seconds.h"
#include "core/stopwatch.h"

namespace transfer {

/// How far a finished run came.
struct FinishedRun {
  std::int64_t epochs = 0;
  std::int64_t best_epoch = 0;
  RunSeconds seconds = {};
};

/// Where a run begins and where it pauses.
struct RunSpan {
  /// Continues from the run's checkpoint, if there is one.
  bool resumes = false;
  /// Epoch after which it pauses with a checkpoint (Paused is thrown); 0 never pauses.
  std::int64_t pause_after = 0;
  /// A finished run that goes on, from its model.pt.
  std::optional<FinishedRun> finished = {};
  /// Given with `resumes` or `finished` where the run goes on with more epochs: what config.yaml
  /// says from then on.
  std::optional<Config> config_to_keep = {};
  /// Runs since this invocation began.
  Stopwatch since_start = {};
};

/// Trains layers of the network itself (fine-tune, retrain) and writes model.pt and
/// predictions_val.csv. Features and weight decays that `known` holds are not computed
/// again. Returns the summary; its total time is that of earlier invocations. Throws Error.
Summary run_fine_tuning(Preparation preparation, const RunDirectory& run, const RunSpan& span,
                        const StageProbes& known = {});

}  // namespace transfer
