#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "configs/slurm.h"

namespace transfer {

/// An array of jobs to write as a script for sbatch.
struct SlurmArray {
  SlurmSettings settings;
  /// The name that squeue shows; unique.
  std::string name;
  /// Names of the jobs by their numbers, from 1 on.
  std::map<std::size_t, std::string> jobs;
  /// The batch file that the numbers refer to; it must not change while the array is in Slurm.
  std::filesystem::path batch_file;
  /// The batch's folder.
  std::filesystem::path out;
  /// The absolute path of the folder where the jobs run, so that relative paths keep their meaning.
  std::filesystem::path working_folder;
  /// For `--device`; empty leaves the flag out.
  std::string device;
};

/// Numbers as `--array` takes them: `1-3,5`.
std::string array_indexes(const std::map<std::size_t, std::string>& jobs);

/// The script: its `#SBATCH` lines, then what each task does. A task runs its job and appends the
/// job's output to `OUT/batch/NAME.log`. When Slurm warns it that its time is nearly up, it passes
/// SIGTERM on and, once the job has written its checkpoint, requeues itself. Otherwise it writes
/// `ARRAY STATUS STATE` to `OUT/batch/NAME.exit`, where STATE is Slurm's word for the task, or
/// kRequeuesSpent.
std::string array_script(const SlurmArray& array);

/// Written in place of Slurm's state by a task that was requeued too often.
inline constexpr const char* kRequeuesSpent = "REQUEUES_SPENT";

}  // namespace transfer
