#pragma once

#include <cstdint>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_plan.h"
#include "app/batch/job_result.h"
#include "app/batch/launcher.h"
#include "app/batch/state_table.h"

namespace transfer {

/// What a batch does about jobs that fail.
struct FailurePolicy {
  /// Times a job is started again after a failure that may not happen again: a signal, a full disk,
  /// a failure without a reason. What is wrong with settings, data or a diverging loss stays so.
  std::int64_t retries = 1;
  /// Whether the first job that fails stops all others.
  bool fail_fast = false;
};

/// Runs all jobs that are not finished yet, in their order, as many at a time as the launcher has
/// room for, and returns what became of each. A signal to stop is passed on to the jobs, which
/// write checkpoints, unless they outlive the program; when all have ended, stderr has how to go
/// on, and Interrupted is thrown.
std::vector<JobResult> run_jobs(const BatchPlan& plan, const BatchFolder& folder,
                                Launcher& launcher, const FailurePolicy& policy, StateTable& table);

}  // namespace transfer
