#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "configs/batch.h"

namespace transfer {

/// A job that has been checked.
struct PlannedJob {
  BatchJob job;
  /// Hash of everything that decides the result: configuration, data and backbone, but not the
  /// number of threads or where features are stored.
  std::string key;
};

/// Jobs that can all be started.
struct BatchPlan {
  std::vector<PlannedJob> jobs;

  std::vector<std::string> names() const;
  /// The keys of all axes, in the order of the file.
  std::vector<std::string> axes() const;
  /// The position of the job of that name; nothing where the plan has none.
  std::optional<std::size_t> find(const std::string& name) const;
};

/// Opens and hashes the data and the backbone of every job; where the jobs run on this machine
/// (`run_here`), checks their devices too. Throws an Error that names every job that cannot run,
/// and why; its exit code is that of the first one. Throws Interrupted.
BatchPlan plan_batch(std::vector<BatchJob> jobs, bool run_here);

/// The job's sources with what a batch adds: shared features, the run directory, and the threads
/// and the device where the job's settings name none (`threads` 0 and an empty `device` add
/// nothing).
ConfigSources sources_in_batch(const BatchJob& job, const std::string& run_directory,
                               std::int64_t threads, const std::string& device);

}  // namespace transfer
