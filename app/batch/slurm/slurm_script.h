#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "configs/slurm.h"

namespace transfer {

/// An array of jobs to be written as a script for sbatch.
struct SlurmArray {
  SlurmSettings settings;
  /// What squeue shows; no other array has it.
  std::string name;
  /// Names of the jobs by their numbers, from 1 on.
  std::map<std::size_t, std::string> jobs;
  /// The batch file that the numbers count in; it must not change while the array is in Slurm.
  std::filesystem::path batch_file;
  /// The batch's folder.
  std::filesystem::path out;
  /// Where the jobs run, so that relative paths mean the same there: absolute.
  std::filesystem::path working_folder;
  /// Goes to `--device`; empty says nothing.
  std::string device;
};

/// Numbers as `--array` takes them: `1-3,5`.
std::string array_indexes(const std::map<std::size_t, std::string>& jobs);

/// The script: its `#SBATCH` lines, then what each task does. A task runs its job, with what it
/// prints at the end of `OUT/batch/NAME.log`. Told by Slurm that its time is nearly up, it passes
/// SIGTERM on, and when the job has written its checkpoint, requeues itself. Otherwise it writes
/// `ARRAY STATUS STATE` to `OUT/batch/NAME.exit`, STATE being Slurm's word for the task, or
/// kRequeuesSpent.
std::string array_script(const SlurmArray& array);

/// Told in the place of Slurm's state by a task that was requeued too often.
inline constexpr const char* kRequeuesSpent = "REQUEUES_SPENT";

}  // namespace transfer
