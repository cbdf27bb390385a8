#pragma once

#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/job_result.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "app/commands/commands.h"
#include "configs/slurm.h"

namespace transfer {

/// The script that would be submitted for the jobs that are neither finished nor in Slurm already;
/// empty where there are none.
std::string slurm_script(const BatchOptions& options, const BatchPlan& plan,
                         const BatchFolder& folder, const SlurmSettings& settings,
                         const SlurmSubmissions& submissions);

/// Runs the jobs in Slurm, as run_jobs does. With `options.no_wait` gives Slurm what is neither
/// finished nor there already, says how to go on, and returns nothing. Throws BatchError and
/// Interrupted.
std::vector<JobResult> run_in_slurm(const BatchOptions& options, const BatchPlan& plan,
                                    const BatchFolder& folder, const SlurmSettings& settings,
                                    const SlurmSubmissions& submissions);

}  // namespace transfer
