#pragma once

#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/job_result.h"

namespace transfer {

/// Jobs of a stopped batch that have come equally far.
struct StoppedJobs {
  JobState state = JobState::kWaiting;
  /// Whether they resume from a checkpoint.
  bool resume = false;
  std::vector<std::string> names;
  /// For people, the names of many jobs shortened: "stopped (2), with checkpoints, from which they
  /// resume: a (epoch 3 of 20), b (epoch 1 of 20)".
  std::string text;
};

/// What is finished, failed, pruned, paused, running, stopped and waiting, in this order; states
/// that no job has are left out. A job that waits with the checkpoint of an earlier time counts as
/// stopped.
std::vector<StoppedJobs> stopped_jobs(const BatchPlan& plan, const BatchFolder& folder,
                                      const std::vector<JobResult>& results);

/// Tells it on stderr, one line for each.
void tell_stopped_jobs(const BatchPlan& plan, const BatchFolder& folder,
                       const std::vector<JobResult>& results);

}  // namespace transfer
