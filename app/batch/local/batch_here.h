#pragma once

#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_options.h"
#include "app/batch/job_result.h"

namespace transfer {

/// Runs the jobs on this machine, as run_jobs does. Throws Interrupted.
std::vector<JobResult> run_here(const BatchOptions& options, const BatchPlan& plan,
                                const BatchFolder& folder);

}  // namespace transfer
