#include "app/batch/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>

#include "core/cancellation.h"
#include "core/errors.h"

namespace transfer {
namespace {

/// Whether the same failure is to be expected again: flags, data, model, device and training.
bool is_lasting(int status) { return (status >= 2 && status <= 5) || status == 7; }

class Scheduler {
 public:
  Scheduler(const BatchPlan& plan, const BatchFolder& folder, Launcher& launcher,
            const FailurePolicy& policy, StateTable& table)
      : plan_(plan),
        folder_(folder),
        launcher_(launcher),
        policy_(policy),
        table_(table),
        results_(plan.jobs.size()),
        starts_(plan.jobs.size(), 0) {}

  std::vector<JobResult> run() {
    for (std::size_t job = 0; job < results_.size(); ++job) {
      if (folder_.progress(name(job)) == JobProgress::kFinished) {
        finish(job, /*before=*/true);
      } else {
        queue_.push_back(job);
      }
    }
    table_.begin(results_, folder_);
    while (running_ > 0 || (!queue_.empty() && !is_stopping_)) {
      if (stop_signal() != 0) stop();
      while (!is_stopping_ && !queue_.empty() && launcher_.has_room()) start_next();
      for (const EndedJob& end : launcher_.ended()) handle(end);
      table_.refresh(results_);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    table_.end(results_);
    return std::move(results_);
  }

 private:
  const std::string& name(std::size_t job) const { return plan_.jobs[job].job.name; }

  void stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    launcher_.stop();
  }

  void start_next() {
    const std::size_t job = queue_.front();
    queue_.pop_front();
    launcher_.start(job);
    ++starts_[job];
    ++running_;
    results_[job].state = JobState::kRunning;
    table_.started(job, folder_.progress(name(job)) == JobProgress::kInterrupted);
  }

  void handle(const EndedJob& end) {
    --running_;
    if (folder_.progress(name(end.job)) == JobProgress::kFinished) {
      return finish(end.job, /*before=*/false);
    }
    if (is_stopping_) {
      results_[end.job].state = JobState::kStopped;
      return table_.changed(end.job, results_[end.job]);
    }
    JobResult& result = results_[end.job];
    result.reason = folder_.reason(name(end.job));
    if (end.status > 128) result.reason = fmt::format("ended by signal {}", end.status - 128);
    if (result.reason.empty()) result.reason = fmt::format("exit status {}", end.status);
    if (!is_lasting(end.status) && starts_[end.job] <= policy_.retries) {
      result.state = JobState::kWaiting;
      queue_.push_front(end.job);
    } else {
      result.state = JobState::kFailed;
      if (policy_.fail_fast) stop();
    }
    table_.changed(end.job, result);
  }

  void finish(std::size_t job, bool before) {
    JobResult& result = results_[job];
    result.state = JobState::kFinished;
    result.reason.clear();
    result.scores = read_scores(folder_.run(name(job)));
    if (!before) table_.changed(job, result);
  }

  const BatchPlan& plan_;
  const BatchFolder& folder_;
  Launcher& launcher_;
  const FailurePolicy& policy_;
  StateTable& table_;
  std::vector<JobResult> results_;
  /// Times each job was started.
  std::vector<std::int64_t> starts_;
  std::deque<std::size_t> queue_;
  std::int64_t running_ = 0;
  bool is_stopping_ = false;
};

}  // namespace

std::vector<JobResult> run_jobs(const BatchPlan& plan, const BatchFolder& folder,
                                Launcher& launcher, const FailurePolicy& policy,
                                StateTable& table) {
  return Scheduler(plan, folder, launcher, policy, table).run();
}

}  // namespace transfer
