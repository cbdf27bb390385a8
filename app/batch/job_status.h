#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/job_result.h"
#include "app/batch/time_left.h"
#include "app/report/last_epoch.h"

namespace transfer {

/// Where a job of a batch stands now.
struct JobStatus {
  JobState state = JobState::kWaiting;
  /// Why it failed, stopped or was pruned.
  std::string reason = {};
  /// Whether it resumes from a checkpoint.
  bool resume = false;
  /// That it has run.
  double seconds = 0;
  /// While it runs and after a stop.
  std::optional<LastEpoch> last = {};
  /// Of a finished job.
  std::optional<RunScores> scores = {};
};

/// The estimate for jobs that stand like this.
TimeLeft time_left(const BatchPlan& plan, const std::vector<JobStatus>& statuses);

/// "epoch 3 of 20", "accuracy 95.03 %", "40 s": what is known, for people.
std::string epochs_text(const BatchJob& job, const JobStatus& status);
std::string score_text(const JobStatus& status);

}  // namespace transfer
