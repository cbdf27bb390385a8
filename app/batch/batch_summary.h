#pragma once

#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/ranking.h"

namespace transfer {

/// A finished batch; what is written of it depends on the runs alone, not on how often it was
/// interrupted, but for columns and keys named `seconds` and `peak_memory_mb`.
struct BatchSummary {
  const BatchPlan& plan;
  const BatchFolder& folder;
  const std::vector<JobResult>& results;
  std::vector<RankedGroup> ranking;
};

/// summary.csv: a line a job.
std::string to_csv(const BatchSummary& summary);

/// summary.json: jobs and ranking.
std::string to_json(const BatchSummary& summary);

/// What a person reads on stdout: a table for each data set, the paths of the best runs, and the
/// jobs that failed.
std::string to_text(const BatchSummary& summary);

}  // namespace transfer
