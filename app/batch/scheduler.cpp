#include "app/batch/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <map>
#include <string>
#include <thread>

#include "app/batch/batch_record.h"
#include "app/batch/halving_rounds.h"
#include "app/report/run_directory.h"
#include "app/batch/stop_report.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"

namespace transfer {
namespace {

constexpr int kKilled = 128 + SIGKILL;

class Scheduler {
 public:
  Scheduler(const BatchPlan& plan, const BatchFolder& folder, Launcher& launcher,
            const FailurePolicy& policy, StateTable& table)
      : plan_(plan),
        folder_(folder),
        launcher_(launcher),
        policy_(policy),
        table_(table),
        recorder_(plan, folder, std::string(name_of(launcher.kind())), table.slots()),
        results_(plan.jobs.size()),
        starts_(plan.jobs.size(), 0),
        is_started_(plan.jobs.size(), false) {}

  std::vector<JobResult> run() {
    for (std::size_t job = 0; job < results_.size(); ++job) {
      if (folder_.progress(name(job)) == JobProgress::kFinished) {
        finish(job, /*before=*/true);
      } else if (!plan_.jobs[job].job.halving) {
        queue_.push_back(job);
      }
    }
    table_.begin(results_);
    apply_contests();
    recorder_.update(results_, table_.clocks());
    while (running_ > 0 || (!queue_.empty() && !is_stopping_)) {
      if (stop_signal() != 0) {
        if (launcher_.jobs_outlive_program()) break;
        stop();
      }
      while (!is_stopping_ && !queue_.empty() && launcher_.has_room()) start_next();
      for (const EndedJob& end : launcher_.ended()) handle(end);
      for (std::size_t job = 0; job < results_.size(); ++job) update_state(job);
      table_.refresh(results_);
      recorder_.update(results_, table_.clocks());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    table_.end(results_);
    recorder_.finish(results_, table_.clocks());
    if (stop_signal() != 0) {
      tell_stopped_jobs(plan_, folder_, results_);
      note("{}", launcher_.parting_words());
    }
    throw_if_stopped();
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
    is_started_[job] = true;
    update_state(job);
  }

  /// Learns whether a job that was started runs or waits; on a cluster that changes repeatedly.
  void update_state(std::size_t job) {
    if (!is_started_[job]) return;
    JobResult& result = results_[job];
    const bool waits = launcher_.is_queued(job);
    if (!waits && result.state != JobState::kRunning) {
      result.state = JobState::kRunning;
      table_.started(job, folder_.progress(name(job)) == JobProgress::kInterrupted);
    } else if (waits && result.state == JobState::kRunning) {
      result.state = JobState::kWaiting;
      table_.waits_again(job, "stopped by its time limit or by preemption");
    }
  }

  /// Queues the jobs that may continue in their contests, and prunes those that are out.
  void apply_contests() {
    std::map<std::string, std::vector<std::size_t>> contests;
    for (std::size_t job = 0; job < results_.size(); ++job) {
      if (plan_.jobs[job].job.halving) contests[plan_.jobs[job].job.entry].push_back(job);
    }
    for (const auto& [contest, jobs] : contests) {
      const auto verdicts = judge(*plan_.jobs[jobs.front()].job.halving, contestants(jobs));
      for (std::size_t i = 0; i < jobs.size(); ++i) carry_out(verdicts[i], jobs[i]);
    }
  }

  std::vector<Contestant> contestants(const std::vector<std::size_t>& jobs) const {
    std::vector<Contestant> contestants;
    for (const std::size_t job : jobs) {
      const JobState state = results_[job].state;
      Contestant contestant{plan_.jobs[job].job.group, state == JobState::kFinished,
                            state == JobState::kFailed};
      // A job that the launcher still runs has not reached its pause.
      if (!is_started_[job]) {
        contestant.epochs = read_epoch_scores(folder_.run(name(job)));
      }
      contestants.push_back(std::move(contestant));
    }
    return contestants;
  }

  void carry_out(const Verdict& verdict, std::size_t job) {
    JobResult& result = results_[job];
    const bool is_idle = result.state == JobState::kWaiting || result.state == JobState::kPaused;
    if (!is_idle || is_started_[job] ||
        std::find(queue_.begin(), queue_.end(), job) != queue_.end())
      return;
    if (verdict.kind == Verdict::Kind::kRun) {
      folder_.set_pause(name(job), verdict.until);
      queue_.push_back(job);
    } else if (verdict.kind == Verdict::Kind::kOut) {
      result.state = JobState::kPruned;
      result.reason = verdict.reason;
      table_.changed(job, results_);
    }
  }

  void handle(const EndedJob& end) {
    --running_;
    is_started_[end.job] = false;
    settle(end);
    if (!is_stopping_) apply_contests();
  }

  void settle(const EndedJob& end) {
    const JobProgress progress = folder_.progress(name(end.job));
    if (progress == JobProgress::kFinished) return finish(end.job, /*before=*/false);
    JobResult& result = results_[end.job];
    if (is_stopping_ || end.end == JobEnd::kStopped) {
      result.state = JobState::kStopped;
      result.reason = end.reason;
      return table_.changed(end.job, results_);
    }
    if (end.end == JobEnd::kTakenAway) {
      --starts_[end.job];
      result.state = JobState::kWaiting;
      queue_.push_front(end.job);
      return table_.waits_again(end.job, end.reason);
    }
    if (end.status == 0 && progress == JobProgress::kInterrupted) {
      starts_[end.job] = 0;
      result.state = JobState::kPaused;
      return table_.changed(end.job, results_);
    }
    result.reason = end.reason.empty() ? folder_.reason(name(end.job)) : end.reason;
    if (end.status > 128 && end.reason.empty()) {
      result.reason = fmt::format(
          "ended by signal {}{}", end.status - 128,
          end.status == kKilled ? ", as the system ends programs where memory runs out" : "");
    }
    if (result.reason.empty()) result.reason = fmt::format("exit status {}", end.status);
    if (!is_users_mistake(end.status) && starts_[end.job] <= policy_.retries) {
      result.state = JobState::kWaiting;
      queue_.push_front(end.job);
    } else {
      result.state = JobState::kFailed;
      if (policy_.fail_fast) stop();
    }
    table_.changed(end.job, results_);
  }

  void finish(std::size_t job, bool before) {
    JobResult& result = results_[job];
    result.state = JobState::kFinished;
    result.reason.clear();
    const auto run = folder_.run(name(job));
    result.scores = read_scores(run);
    // The job may have been killed while it cleaned up after its results.
    RunDirectory::clear_finished(run, result.scores->was_stopped_by_time);
    if (!before) table_.changed(job, results_);
  }

  const BatchPlan& plan_;
  const BatchFolder& folder_;
  Launcher& launcher_;
  const FailurePolicy& policy_;
  StateTable& table_;
  BatchRecorder recorder_;
  std::vector<JobResult> results_;
  /// How often each job was started.
  std::vector<std::int64_t> starts_;
  /// Whether the launcher has the job now.
  std::vector<bool> is_started_;
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
