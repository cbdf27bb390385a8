#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "app/batch/batch_plan.h"
#include "core/batch_files.h"
#include "core/file_lock.h"
#include "core/run_files.h"

namespace transfer {

/// How far a job has come.
enum class JobProgress {
  kFinished,     ///< summary.json exists
  kInterrupted,  ///< a checkpoint exists
  kNothing,
};

/// The folder of a batch: one run directory per job, summary.csv and summary.json. Its subfolder
/// `batch/` holds a copy of the batch file and, for each job, the log, the key of the inputs that
/// its run directory was made from, and the epoch after which it pauses.
class BatchFolder {
 public:
  /// `path` may not exist yet.
  explicit BatchFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path run(const std::string& job) const { return path_ / job; }
  std::filesystem::path log(const std::string& job) const { return own(job + ".log"); }
  /// The copy that the jobs read, so that the user may edit the original meanwhile.
  std::filesystem::path jobs_file() const { return own("jobs.yaml"); }
  /// What a running batch tells others of its jobs (app/batch/batch_record.h).
  std::filesystem::path status_file() const { return own("status.json"); }
  /// Where a job in Slurm writes its exit status.
  std::filesystem::path exit_file(const std::string& job) const { return own(job + ".exit"); }
  /// The results of all jobs, as a table and as JSON.
  std::filesystem::path summary_csv() const { return path_ / batch_file::kSummaryTable; }
  std::filesystem::path summary_json() const { return path_ / run_file::kSummary; }
  /// The comparison of the finished runs, as a page.
  std::filesystem::path comparison() const { return path_ / batch_file::kComparison; }
  /// The folder of the files that belong to no single run, and a file in it.
  std::filesystem::path own_folder() const { return path_ / batch_file::kOwnFolder; }
  std::filesystem::path own(const std::string& name) const { return own_folder() / name; }

  /// Throws OutputError where anything but this batch made the folder or a job's run directory.
  void refuse_foreign_runs(const BatchPlan& plan) const;

  /// Makes the folder and locks it for the life of this object. Throws OutputError, also while
  /// another batch runs there, and Interrupted.
  void open();

  /// Writes the batch file, the text that the plan was made from, and removes, with a message, the
  /// runs of jobs whose configuration, data or backbone has changed. Throws OutputError.
  /// REQUIRES: open.
  void make_ready(const BatchPlan& plan, const std::string& batch_file);

  /// Whether a batch runs there now. Changes nothing.
  bool is_in_use() const { return FileLock::is_held(lock_file()); }

  JobProgress progress(const std::string& job) const;
  /// Whether the job is finished with the inputs that the plan has.
  bool is_up_to_date(const PlannedJob& planned) const;

  /// Sets the epoch after which the job pauses; 0 lets it train to its end. Throws OutputError.
  void set_pause(const std::string& job, std::int64_t epoch) const;
  /// What set_pause() has set; 0 where nothing is set.
  std::int64_t pause(const std::string& job) const;

  /// The last error message in the job's log; empty where there is none.
  std::string reason(const std::string& job) const;

 private:
  std::filesystem::path lock_file() const { return own("lock"); }
  std::filesystem::path key_file(const std::string& job) const { return own(job + ".key"); }
  std::filesystem::path pause_file(const std::string& job) const { return own(job + ".pause"); }
  void make_job_ready(const PlannedJob& planned) const;

  std::filesystem::path path_;
  std::optional<FileLock> lock_;
};

}  // namespace transfer
