#pragma once

#include <cstdint>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_plan.h"
#include "app/batch/job_result.h"
#include "app/batch/launcher.h"
#include "app/batch/state_table.h"

namespace transfer {

/// What a batch does when jobs fail.
struct FailurePolicy {
  /// How often a job is started again after a failure that may not recur: a signal, a full disk, an
  /// unexpected failure. Wrong settings, bad data or a NaN loss would only fail again.
  std::int64_t retries = 1;
  /// Whether the first failure stops all other jobs.
  bool fail_fast = false;
};

/// Runs all jobs that are not finished yet, in their order, as many at a time as the launcher has
/// room for, and returns what became of each. A signal to stop is passed on to the jobs, which
/// write checkpoints, unless they outlive the program. When all have ended, it prints on stderr
/// what has become of each and how to resume, and throws Interrupted.
std::vector<JobResult> run_jobs(const BatchPlan& plan, const BatchFolder& folder,
                                Launcher& launcher, const FailurePolicy& policy, StateTable& table);

}  // namespace transfer
