#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_plan.h"
#include "app/batch/job_result.h"

namespace transfer {

/// Mean and sample standard deviation (divided by n − 1).
struct Spread {
  double mean = 0;
  /// Nothing for a single number.
  std::optional<double> standard_deviation;
};

Spread spread_of(const std::vector<double>& numbers);

/// Jobs that repeat the same settings with other seeds and folds.
struct RankedGroup {
  std::string name;
  /// Its rank among the groups on the same data, from 1 on.
  std::int64_t rank = 0;
  std::string data;
  ScoreName score = kAccuracy;
  Spread val;
  /// Nothing where a run has no test images.
  std::optional<Spread> test;
  /// Mean seconds of a run.
  double seconds = 0;
  /// Positions of its finished jobs, the best by validation first.
  std::vector<std::size_t> jobs;
};

/// The groups with a finished job, by data in the order of the jobs, and on the same data by the
/// mean validation score, the best first; ties keep the order of the jobs.
std::vector<RankedGroup> rank_groups(const BatchPlan& plan, const std::vector<JobResult>& results);

}  // namespace transfer
