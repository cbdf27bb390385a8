#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace transfer {

/// `transfer batch`
struct BatchOptions {
  /// The batch file.
  std::string file;
  /// The folder of the run directories.
  std::string out;
  /// Jobs at a time; 0 is one per GPU, or one where there is none.
  std::int64_t jobs = 0;
  /// Threads that the jobs running at the same time share; 0 is all cores.
  std::int64_t threads = 0;
  /// For jobs whose settings name no device; empty shares the GPUs out.
  std::string device;
  std::int64_t retries = 1;
  bool fail_fast = false;
  /// `local` or `slurm`.
  std::string launcher = "local";
  /// Print what would be submitted to Slurm and stop.
  bool dry_run = false;
  /// Submit the jobs to Slurm and exit.
  bool no_wait = false;
  /// The number of the one job to run here, from 1 on.
  std::optional<std::int64_t> job;
  bool json = false;
};

}  // namespace transfer
