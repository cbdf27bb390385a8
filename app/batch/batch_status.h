#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_plan.h"
#include "app/batch/job_status.h"

namespace transfer {

/// How a batch stands, by the files in its folder.
struct BatchStatus {
  std::filesystem::path folder;
  /// Whether a batch runs there now, or follows its jobs in Slurm.
  bool is_running = false;
  /// The arrays in Slurm of which jobs may be waiting or running.
  std::vector<std::string> arrays = {};
  /// Its jobs, without the keys of their inputs: nothing is hashed.
  BatchPlan plan = {};
  std::vector<JobStatus> jobs = {};
  /// Estimates; nothing where they are unknown.
  std::optional<double> seconds_left = {};
  std::vector<std::optional<double>> job_seconds_left = {};
};

/// Reads files alone: takes no lock, writes nothing, and asks Slurm nothing. `strategies` are the
/// names that exist. Throws ConfigError where the folder is not that of a batch.
BatchStatus look_at_batch(const std::filesystem::path& folder,
                          const std::vector<std::string>& strategies);

/// What `transfer batch --status --json` prints.
std::string to_json(const BatchStatus& status);

/// A sentence and a table with a row for each job.
std::string to_text(const BatchStatus& status);

}  // namespace transfer
