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

/// A job of a batch that was submitted.
struct SubmittedJob {
  std::string name;
  /// As PlannedJob::key.
  std::string key;
};

/// An array that was submitted.
struct SlurmSubmission {
  /// Unique; its files in `batch/` carry it too.
  std::string name;
  /// Slurm's number of the array; empty where this program ended before sbatch answered.
  std::string job;
  /// By number, from 1 on.
  std::map<std::size_t, SubmittedJob> jobs;
};

/// A job that Slurm still has.
struct ActiveTask {
  /// `ARRAY_INDEX`
  std::string id;
  std::string array;
  SubmittedJob job;
};

/// The arrays of one batch that may still be in Slurm: `batch/slurm.json` in its folder. The file
/// is written before sbatch runs, so that no array is ever lost.
class SlurmSubmissions {
 public:
  /// `own_folder` is the batch's `batch/`. Throws DataError when the file is damaged.
  explicit SlurmSubmissions(std::filesystem::path own_folder);

  /// Throws OutputError.
  void add(SlurmSubmission submission);
  /// Forgets the array added last, which sbatch certainly did not accept. Throws OutputError.
  void drop_last();
  /// Records the number that sbatch gave the array added last. Throws OutputError.
  void set_job(const std::string& job);

  /// Forgets the arrays that are over in Slurm, and keeps the tasks of the others. Throws
  /// OutputError.
  void keep_active(const std::vector<SlurmTask>& queue);
  /// The same with squeue's answer; does not call squeue where nothing was submitted. Throws
  /// BatchError where it does not answer.
  void find_active();
  /// The same without changing the file.
  void look_at_active();
  /// The tasks that Slurm still had at the last look.
  const std::vector<ActiveTask>& active() const { return active_; }

  /// The arrays that may still be in Slurm, the newest last.
  const std::vector<SlurmSubmission>& list() const { return submissions_; }

  /// Throws BatchError where Slurm has a job of the plan with other settings, whose run directory
  /// must stay.
  void refuse_changed_jobs(const BatchPlan& plan) const;
  /// Throws BatchError where Slurm has any job of this batch, since another launcher would run it
  /// twice.
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
