#pragma once

#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_options.h"
#include "app/batch/job_result.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "configs/slurm.h"

namespace transfer {

/// The script that would be submitted for the jobs that are neither finished nor in Slurm already;
/// empty where there are none. Throws ConfigError.
std::string slurm_script(const BatchOptions& options, const BatchPlan& plan,
                         const BatchFolder& folder, const SlurmSettings& settings,
                         const SlurmSubmissions& submissions);

/// Runs the jobs in Slurm, as run_jobs does. With `options.no_wait` it submits the jobs that are
/// neither finished nor in Slurm already, prints how to follow them, and returns nothing. Throws
/// BatchError and Interrupted.
std::vector<JobResult> run_in_slurm(const BatchOptions& options, const BatchPlan& plan,
                                    const BatchFolder& folder, const SlurmSettings& settings,
                                    const SlurmSubmissions& submissions);

}  // namespace transfer
