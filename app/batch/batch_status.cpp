#include "app/batch/batch_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_record.h"
#include "app/batch/slurm/exit_file.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "app/report/run_directory.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/shell_word.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

void require_batch(const BatchFolder& folder) {
  if (is_file(folder.jobs_file())) return;
  const std::string path = folder.path().string();
  const BatchFolder parent(folder_of(folder.path()));
  const bool is_job = is_folder(folder.path()) && is_file(parent.jobs_file());
  throw ConfigError(fmt::format(
      "--status {}: {}. Expected the folder of a batch, the one given with --output{}", path,
      is_folder(folder.path()) ? "is not the folder of a batch: it has no batch/jobs.yaml"
      : is_file(folder.path()) ? "is a file"
                               : why_absent(folder.path(), "folder"),
      is_job ? fmt::format(": --status {}", shell_word(parent.path().string())) : "."));
}

/// What the files of a batch say of its jobs.
class Look {
 public:
  Look(const BatchFolder& folder, bool is_running)
      : folder_(folder),
        is_running_(is_running),
        record_(read_batch_record(folder)),
        submissions_(folder.own_folder()) {}

  JobStatus at(const BatchJob& job) const {
    JobStatus status;
    status.resume = folder_.progress(job.name) == JobProgress::kInterrupted;
    if (const auto* known = recorded(job.name)) {
      status.state = known->state;
      status.reason = known->reason;
      status.seconds = known->seconds;
      if (known->started) status.seconds += std::max(0.0, seconds_since_1970() - *known->started);
    }
    status.last = read_last_epoch(folder_.run(job.name));
    correct_state(job, status);
    if (status.state == JobState::kFinished) take_scores(job, status);
    if (status.last) status.seconds = std::max(status.seconds, status.last->seconds);
    return status;
  }

  JobSlots slots() const { return record_ ? record_->slots : JobSlots{}; }
  /// Whether it is known how many jobs run at a time.
  bool knows_slots() const { return record_.has_value(); }

  std::vector<std::string> arrays() const {
    std::vector<std::string> arrays;
    for (const SlurmSubmission& submission : submissions_.list()) {
      if (!submission.job.empty()) arrays.push_back(submission.job);
    }
    return arrays;
  }

 private:
  const BatchRecord::Job* recorded(const std::string& name) const {
    if (!record_) return nullptr;
    const auto found = record_->jobs.find(name);
    return found == record_->jobs.end() ? nullptr : &found->second;
  }

  /// The newest array with the job that may still be in Slurm.
  const SlurmSubmission* submission_of(const std::string& name) const {
    const auto& all = submissions_.list();
    const auto found = std::find_if(all.rbegin(), all.rend(), [&](const SlurmSubmission& one) {
      return std::any_of(one.jobs.begin(), one.jobs.end(),
                         [&](const auto& job) { return job.second.name == name; });
    });
    return found == all.rend() ? nullptr : &*found;
  }

  /// A record may be older than what the files say, and that of a batch that has ended is.
  void correct_state(const BatchJob& job, JobStatus& status) const {
    if (folder_.progress(job.name) == JobProgress::kFinished) {
      status.state = JobState::kFinished;
      status.reason.clear();
    } else if (is_running_ && recorded(job.name) != nullptr) {
      return;
    } else if (const SlurmSubmission* submission = submission_of(job.name)) {
      status.state = state_in_slurm(job, *submission, status);
    } else if (RunDirectory::is_being_written(folder_.run(job.name))) {
      status.state = JobState::kRunning;
    } else if (is_open(status.state) || status.state == JobState::kFinished) {
      status.state = idle_state(job, status);
    }
  }

  /// That of a job which nothing runs now.
  JobState idle_state(const BatchJob& job, const JobStatus& status) const {
    if (!status.resume) {
      const bool was_running = status.state == JobState::kRunning && !is_running_;
      return was_running ? JobState::kStopped : JobState::kWaiting;
    }
    const std::int64_t pause = job.halving ? folder_.pause(job.name) : 0;
    if (pause > 0 && status.last && status.last->epoch >= pause) return JobState::kPaused;
    return is_running_ ? JobState::kWaiting : JobState::kStopped;
  }

  JobState state_in_slurm(const BatchJob& job, const SlurmSubmission& submission,
                          JobStatus& status) const {
    const auto exit = read_exit_file(folder_.exit_file(job.name));
    if (!exit || exit->array != submission.job) {
      return RunDirectory::may_be_written(folder_.run(job.name)) ? JobState::kRunning
                                                                 : JobState::kWaiting;
    }
    if (exit->status == 0 && status.resume) return JobState::kPaused;
    if (exit->status == status_of(ExitCode::kSigterm)) return JobState::kStopped;
    status.reason = folder_.reason(job.name);
    if (status.reason.empty()) status.reason = fmt::format("exit status {}", exit->status);
    return JobState::kFailed;
  }

  void take_scores(const BatchJob& job, JobStatus& status) const {
    status.resume = false;
    try {
      status.scores = read_scores(folder_.run(job.name));
      status.seconds = std::max(status.seconds, status.scores->seconds);
    } catch (const DataError& error) {
      status.reason = error.what();
    }
  }

  const BatchFolder& folder_;
  bool is_running_;
  std::optional<BatchRecord> record_;
  SlurmSubmissions submissions_;
};

}  // namespace

BatchStatus look_at_batch(const fs::path& path, const std::vector<std::string>& strategies) {
  const BatchFolder folder(path);
  require_batch(folder);
  BatchStatus status;
  status.folder = path;
  status.is_running = folder.is_in_use();
  for (BatchJob& job : read_batch(folder.jobs_file(), strategies)) {
    status.plan.jobs.push_back({std::move(job), /*key=*/""});
  }
  const Look look(folder, status.is_running);
  status.arrays = look.arrays();
  for (const PlannedJob& planned : status.plan.jobs) {
    throw_if_stopped();
    status.jobs.push_back(look.at(planned.job));
  }
  const TimeLeft left = time_left(status.plan, status.jobs);
  for (std::size_t job = 0; job < status.jobs.size(); ++job) {
    const bool runs = status.jobs[job].state == JobState::kRunning;
    status.job_seconds_left.push_back(runs ? left.of_job(job) : std::nullopt);
  }
  const bool goes_on = status.is_running || !status.arrays.empty();
  const bool is_certain = status.is_running && look.knows_slots() && look.slots().are_certain;
  if (goes_on) status.seconds_left = left.of_all(is_certain ? look.slots().most : 0);
  return status;
}

}  // namespace transfer
