#include "app/batch/slurm_launcher.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

#include "core/atomic_file.h"
#include "core/file_kind.h"
#include "core/hash.h"

namespace transfer {
namespace {

/// Seconds between two looks at the exit files.
constexpr double kFilesInterval = 0.5;
/// Seconds between two questions to squeue while something happens, and when nothing does.
constexpr double kShortestInterval = 1;
constexpr double kLongestInterval = 15;
/// 128 + SIGTERM
constexpr int kStoppedStatus = 143;

/// A name for an array that no other has: the folder's and eight digits.
std::string new_array_name(const std::filesystem::path& folder) {
  const auto last = std::filesystem::absolute(folder).lexically_normal();
  std::string name;
  for (const char letter : (last.has_filename() ? last : last.parent_path()).filename().string()) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9') || letter == '_';
    name += is_plain ? letter : '-';
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return name + "-" +
         sha256_hex(fmt::format("{} {} {}", last.string(), ::getpid(), now)).substr(0, 8);
}

}  // namespace

SlurmLauncher::SlurmLauncher(const BatchFolder& folder, const BatchPlan& plan, SlurmArray array,
                             SlurmSubmissions submissions,
                             std::function<void(const std::string&)> say)
    : folder_(folder),
      plan_(plan),
      array_(std::move(array)),
      submissions_(std::move(submissions)),
      say_(std::move(say)) {
  for (std::size_t job = 0; job < plan_.jobs.size(); ++job) {
    for (const ActiveTask& task : submissions_.active()) {
      if (task.job.name == plan_.jobs[job].job.name) earlier_[job] = task.id;
    }
  }
  if (!earlier_.empty()) say_(fmt::format("Slurm still has {} of the jobs", earlier_.size()));
}

void SlurmLauncher::start(std::size_t job) {
  const auto known = earlier_.find(job);
  if (known == earlier_.end()) {
    waiting_.push_back(job);
    return;
  }
  tasks_[job].id = known->second;
  earlier_.erase(known);
}

bool SlurmLauncher::is_queued(std::size_t job) const {
  const auto task = tasks_.find(job);
  return task == tasks_.end() || is_pending(task->second.state);
}

void SlurmLauncher::submit() {
  array_.name = new_array_name(folder_.path());
  array_.batch_file = folder_.own(array_.name + ".yaml");
  array_.jobs.clear();
  SlurmSubmission submission{array_.name, "", {}};
  for (const std::size_t job : waiting_) {
    const PlannedJob& planned = plan_.jobs[job];
    array_.jobs[job + 1] = planned.job.name;
    submission.jobs[job + 1] = {planned.job.name, planned.key};
  }
  const auto script = folder_.own("slurm.sh");
  write_file_atomically(array_.batch_file, read_file(folder_.jobs_file()));
  write_file_atomically(script, array_script(array_));
  submissions_.add(std::move(submission));
  const std::string array = submit_script(script);
  submissions_.set_job(array);
  for (const std::size_t job : waiting_) {
    tasks_[job] = Task{fmt::format("{}_{}", array, job + 1), "PENDING", std::nullopt};
  }
  say_(fmt::format("Slurm has {} jobs as {} ({})", waiting_.size(), array, script.string()));
  waiting_.clear();
  since_queue_ = {};
  interval_ = kShortestInterval;
}

std::vector<EndedJob> SlurmLauncher::ended() {
  std::vector<EndedJob> ended;
  if (is_stopping_) {
    for (const std::size_t job : waiting_) ended.push_back({job, 0, JobEnd::kStopped, ""});
    waiting_.clear();
  } else if (!waiting_.empty()) {
    submit();
  }
  const auto take = [&](std::vector<EndedJob> some) {
    for (EndedJob& end : some) {
      tasks_.erase(end.job);
      ended.push_back(std::move(end));
    }
  };
  if (!tasks_.empty() && since_files_.seconds() >= kFilesInterval) {
    since_files_ = {};
    take(look_at_files());
  }
  if (!tasks_.empty() && since_queue_.seconds() >= interval_) {
    take(look_at_queue());
    since_queue_ = {};
  }
  return ended;
}

bool SlurmLauncher::is_done(std::size_t job) const {
  const std::string& name = plan_.jobs[job].job.name;
  const JobProgress progress = folder_.progress(name);
  return progress == JobProgress::kFinished ||
         (progress == JobProgress::kInterrupted && folder_.pause(name) > 0);
}

std::optional<SlurmLauncher::ExitFile> SlurmLauncher::exit_file(std::size_t job,
                                                                const Task& task) const {
  const auto file = folder_.exit_file(plan_.jobs[job].job.name);
  if (!is_file(file)) return std::nullopt;
  std::istringstream words(read_file(file));
  std::string array;
  ExitFile exit;
  if (!(words >> array >> exit.status >> exit.state) || array != array_of(task.id)) {
    return std::nullopt;
  }
  return exit;
}

std::vector<EndedJob> SlurmLauncher::look_at_files() {
  std::vector<EndedJob> ended;
  for (auto& [job, task] : tasks_) {
    const auto file = exit_file(job, task);
    if (!file) continue;
    if (file->status == 0 && is_done(job)) {
      ended.push_back({job, 0, JobEnd::kExited, ""});
    } else {
      interval_ = std::min(interval_, 2 * kShortestInterval);
    }
  }
  return ended;
}

std::vector<EndedJob> SlurmLauncher::look_at_queue() {
  const SlurmQueue queue = ask_queue();
  if (!queue.failure.empty()) {
    if (!is_silent_) say_("squeue does not answer, and is asked again: " + queue.failure);
    is_silent_ = true;
    interval_ = kLongestInterval;
    return {};
  }
  if (is_silent_) say_("squeue answers again");
  is_silent_ = false;
  std::map<std::string, std::string> states;
  for (const SlurmTask& task : queue.tasks) states[task.id] = task.state;
  std::map<std::string, std::map<std::string, std::string>> accounts;
  std::vector<EndedJob> ended;
  interval_ = std::min(1.5 * interval_, kLongestInterval);
  for (auto& [job, task] : tasks_) {
    std::string state = states[task.id];
    if (state.empty()) {
      const std::string array = array_of(task.id);
      if (!accounts.contains(array)) accounts[array] = ask_accounting(array);
      state = accounts[array][task.id];
    }
    if (state != task.state) interval_ = kShortestInterval;
    if (!state.empty()) task.state = state;
    if (state.empty() || is_over(state)) {
      if (auto end = judge(job, task, state)) ended.push_back(std::move(*end));
    } else {
      task.lost.reset();
    }
  }
  return ended;
}

std::optional<EndedJob> SlurmLauncher::judge(std::size_t job, Task& task,
                                             const std::string& state) {
  const auto file = exit_file(job, task);
  const bool is_out_of_memory = state == "OUT_OF_MEMORY";
  const bool is_finished = folder_.progress(plan_.jobs[job].job.name) == JobProgress::kFinished;
  if (is_finished || (file && file->status == 0 && is_done(job))) {
    return EndedJob{job, 0, JobEnd::kExited, ""};
  }
  if (is_out_of_memory) {
    return EndedJob{job, 137, JobEnd::kExited,
                    "out of memory in Slurm; slurm.memory asks for more"};
  }
  if (file && file->status == kStoppedStatus) return judge_stopped(job, state, file->state);
  if (file && file->status != 0) return EndedJob{job, file->status, JobEnd::kExited, ""};
  if (!file && !state.empty() && state != "COMPLETED" && state != "FAILED") {
    return judge_stopped(job, state, "");
  }
  if (!task.lost) task.lost.emplace();
  const auto delay = static_cast<double>(array_.settings.file_delay_seconds);
  if (task.lost->seconds() < delay) return std::nullopt;
  return EndedJob{job, 1, JobEnd::kExited,
                  fmt::format("left Slurm ({}) without an exit status; {} may tell why",
                              state.empty() ? "which knows nothing of it any more" : state,
                              folder_.own(fmt::format("slurm-{}.log", task.id)).string())};
}

EndedJob SlurmLauncher::judge_stopped(std::size_t job, const std::string& state,
                                      const std::string& word) {
  if (word == kRequeuesSpent) {
    return {job, kStoppedStatus, JobEnd::kStopped,
            fmt::format("stopped by its time limit or a preemption, and requeued {} times before "
                        "(slurm.requeues)",
                        array_.settings.requeues)};
  }
  const bool is_machine =
      state == "TIMEOUT" || state == "PREEMPTED" || state == "NODE_FAIL" || state == "BOOT_FAIL";
  // Told by Slurm to stop, it could not requeue itself.
  const bool is_refused = state != "CANCELLED" && word == "RUNNING";
  if (is_machine || is_refused) return taken_away(job, state);
  return {job, kStoppedStatus, JobEnd::kStopped,
          state == "CANCELLED" ? "cancelled in Slurm" : "stopped in Slurm"};
}

EndedJob SlurmLauncher::taken_away(std::size_t job, const std::string& state) {
  const bool is_again = times_taken_[job]++ < array_.settings.requeues;
  return {job, kStoppedStatus, is_again ? JobEnd::kTakenAway : JobEnd::kStopped,
          fmt::format("stopped by Slurm ({})", state.empty() ? "asked to end" : state)};
}

void SlurmLauncher::stop() {
  is_stopping_ = true;
  std::vector<std::string> ids;
  for (const auto& [job, task] : tasks_) ids.push_back(task.id);
  cancel_tasks(ids);
  interval_ = kShortestInterval;
}

void SlurmLauncher::forget_ended() {
  if (tasks_.empty() && earlier_.empty()) submissions_.keep_active({});
}

std::string SlurmLauncher::parting_words() const {
  std::vector<std::string> tasks;
  for (const auto& [job, task] : tasks_) tasks.push_back(task.id);
  for (const auto& [job, task] : earlier_) tasks.push_back(task);
  if (tasks.empty()) return "Slurm has no job of this batch; the same command again goes on.";
  return fmt::format(
      "The jobs go on in Slurm. The same command again follows them; `{}` stops them with "
      "their checkpoints.",
      scancel_of(tasks));
}

}  // namespace transfer
