#pragma once

#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/ranking.h"

namespace transfer {

/// A finished batch. Its files depend on the runs alone, not on how often the batch was
/// interrupted, except for `seconds` and `peak_memory_mb`.
struct BatchSummary {
  const BatchPlan& plan;
  const BatchFolder& folder;
  const std::vector<JobResult>& results;
  std::vector<RankedGroup> ranking;
  /// Whether write_batch_comparison() has written the page.
  bool has_comparison = false;
};

/// summary.csv: one row per job, with a column for each axis of a matrix behind those that every
/// batch has.
std::string to_csv(const BatchSummary& summary);

/// summary.json: `format` (kRunFormat), `axes` (their keys), `jobs` and `ranking`.
std::string to_json(const BatchSummary& summary);

/// What the user reads on stdout: a table for each data set, the paths of the best runs, and the
/// jobs that failed.
std::string to_text(const BatchSummary& summary);

}  // namespace transfer
