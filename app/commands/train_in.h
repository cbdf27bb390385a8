#pragma once

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/runs/fine_tune_run.h"

namespace transfer {

/// The run directory that rank 0 makes or opens by `make`.
template <typename Make>
RunDirectory on_rank_0(ProcessGroup& group, const Make& make) {
  if (!group.is_rank0()) return RunDirectory::of_other_process(broadcast_text(group, ""));
  RunDirectory run = make();
  broadcast_text(group, run.path().string());
  return run;
}

/// Trains in the run directory, writes summary.json last, and prints the result; `json` prints
/// summary.json itself. A run that fails leaves nothing, unless it can be resumed. Throws Error.
void train_in(const Preparation& preparation, const RunDirectory& run, const RunSpan& span,
              bool json, StageProbes known = {});

}  // namespace transfer
