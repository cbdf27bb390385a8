#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_plan.h"
#include "app/batch/slurm/slurm_commands.h"

namespace transfer {

/// A job of a batch that was given to Slurm.
struct SubmittedJob {
  std::string name;
  /// What it was to run, as PlannedJob's.
  std::string key;
};

/// An array that was given to Slurm.
struct SlurmSubmission {
  /// No other array has it; its files in `batch/` are called by it too.
  std::string name;
  /// Slurm's number of the array; empty when the program ended before sbatch told it.
  std::string job;
  /// By their numbers, from 1 on.
  std::map<std::size_t, SubmittedJob> jobs;
};

/// A job that Slurm still has.
struct ActiveTask {
  /// `ARRAY_INDEX`
  std::string id;
  std::string array;
  SubmittedJob job;
};

/// What was given to Slurm for one batch and may still be there: `batch/slurm.json` in its folder.
/// It is written before sbatch runs, so that no array is ever lost sight of.
class SlurmSubmissions {
 public:
  /// `own_folder` is the batch's `batch/`. Throws DataError when the file is damaged.
  explicit SlurmSubmissions(std::filesystem::path own_folder);

  const std::vector<SlurmSubmission>& all() const { return submissions_; }

  /// Throws OutputError.
  void add(SlurmSubmission submission);
  /// Forgets the array added last, which sbatch surely did not take. Throws OutputError.
  void drop_last();
  /// Writes down what sbatch called the array added last. Throws OutputError.
  void set_job(const std::string& job);

  /// Forgets the arrays that Slurm has finished with, and remembers the rest's tasks. Throws
  /// OutputError.
  void keep_active(const std::vector<SlurmTask>& queue);
  /// The same with what squeue says; asks nothing where nothing was ever given to Slurm. Throws
  /// BatchError when it does not answer.
  void find_active();
  /// The same without a change to the file.
  void look_at_active();
  /// What Slurm still had at the last look.
  const std::vector<ActiveTask>& active() const { return active_; }

  /// Throws BatchError where Slurm has a job of the plan with other settings, which its run
  /// directory must not be taken away from.
  void refuse_changed_jobs(const BatchPlan& plan) const;
  /// Throws BatchError where Slurm has any job of this batch, since another launcher would run it a
  /// second time.
  void refuse_active_jobs() const;

 private:
  /// Sets `active_`.
  void see_active(const std::vector<SlurmTask>& queue);
  std::filesystem::path file() const { return own_folder_ / "slurm.json"; }
  /// Removes the copy of the batch file that an array's tasks read.
  void remove_batch_file(const SlurmSubmission& submission) const;
  void write() const;

  std::filesystem::path own_folder_;
  std::vector<SlurmSubmission> submissions_;
  std::vector<ActiveTask> active_;
};

}  // namespace transfer
