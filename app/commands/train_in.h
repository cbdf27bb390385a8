#pragma once

#include <string>

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

/// Trains in the run directory, writes summary.json last, and returns what the user is to read on
/// stdout, on rank 0: text, or with `json` summary.json itself. A run that fails leaves nothing,
/// unless it can be resumed. Throws Error.
std::string results_of_training(const Preparation& preparation, const RunDirectory& run,
                                const RunSpan& span, bool json, StageProbes known = {});

/// The same, and prints it.
void train_in(const Preparation& preparation, const RunDirectory& run, const RunSpan& span,
              bool json, StageProbes known = {});

/// Completes a run's summary and writes it as summary.json. Returns what the user is to read.
std::string write_summary(Summary summary, const Preparation& preparation, const RunDirectory& run,
                          const Stopwatch& since_start, bool json);

}  // namespace transfer
