#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "configs/batch.h"

namespace transfer {

/// A job that was found sound.
struct PlannedJob {
  BatchJob job;
  /// Hash of all that decides the result: configuration, data and backbone, but not how many
  /// threads there are or where features are kept.
  std::string key;
};

/// Jobs of which each could be started.
struct BatchPlan {
  std::vector<PlannedJob> jobs;

  std::vector<std::string> names() const;
  /// Where the job of that name is; nothing where the plan has none.
  std::optional<std::size_t> find(const std::string& name) const;
};

/// Opens the data and the backbone of every job and hashes them; where the jobs run on this machine
/// (`run_here`), looks for their devices too. Throws Error that names every job that cannot run,
/// and why; its exit code is the first one's. Throws Interrupted.
BatchPlan plan_batch(std::vector<BatchJob> jobs, bool run_here);

/// The job's sources with what a batch adds: features are shared, the run directory, and the
/// threads and the device where the job says nothing of them (`threads` 0 and an empty `device`:
/// nothing to add).
ConfigSources sources_in_batch(const BatchJob& job, const std::string& run_directory,
                               std::int64_t threads, const std::string& device);

}  // namespace transfer
