#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "app/batch/batch_plan.h"
#include "core/file_lock.h"

namespace transfer {

/// How far a job had come when the batch was started.
enum class JobProgress {
  kFinished,     ///< summary.json is there
  kInterrupted,  ///< a checkpoint is there
  kNothing,
};

/// The folder of a batch: a run directory a job, summary.csv and summary.json, and in `batch/` a
/// copy of the batch file, and for each job its log, the key of what its run directory was made
/// for, and the epoch where it is to pause.
class BatchFolder {
 public:
  /// `path` need not exist.
  explicit BatchFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path run(const std::string& job) const { return path_ / job; }
  std::filesystem::path log(const std::string& job) const { return own(job + ".log"); }
  /// The copy that the jobs read, so that the file itself may be edited meanwhile.
  std::filesystem::path jobs_file() const { return own("jobs.yaml"); }
  /// Where a job of Slurm leaves its exit status.
  std::filesystem::path exit_file(const std::string& job) const { return own(job + ".exit"); }
  /// The folder of what belongs to no single run, and a file in it.
  std::filesystem::path own_folder() const { return path_ / "batch"; }
  std::filesystem::path own(const std::string& name) const { return own_folder() / name; }

  /// Throws OutputError where the folder or a job's run directory was made by something else than
  /// this batch.
  void refuse_foreign_runs(const BatchPlan& plan) const;

  /// Makes the folder and locks it until this object is gone. Throws OutputError, also while
  /// another batch runs there, and Interrupted.
  void open();

  /// Writes the batch file, whose text the plan was made from; removes the runs of jobs whose
  /// configuration, data or backbone has changed since, which is said on stderr. Throws
  /// OutputError. REQUIRES: open.
  void make_ready(const BatchPlan& plan, const std::string& batch_file);

  JobProgress progress(const std::string& job) const;
  /// Whether the job is finished as the plan has it.
  bool is_up_to_date(const PlannedJob& planned) const;

  /// The epoch after which the job is to pause; 0 lets it go on to its end. Throws OutputError.
  void set_pause(const std::string& job, std::int64_t epoch) const;
  /// What set_pause() wrote for it, 0 where it wrote nothing.
  std::int64_t pause(const std::string& job) const;

  /// The last message of the job's log that tells why it failed.
  std::string reason(const std::string& job) const;

 private:
  std::filesystem::path key_file(const std::string& job) const { return own(job + ".key"); }
  std::filesystem::path pause_file(const std::string& job) const { return own(job + ".pause"); }
  void make_job_ready(const PlannedJob& planned) const;

  std::filesystem::path path_;
  std::optional<FileLock> lock_;
};

}  // namespace transfer
