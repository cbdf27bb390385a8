#include "app/batch/slurm/slurm_launcher.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/batch/slurm/command_output.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/hash.h"

namespace transfer {
namespace {

/// Seconds between two checks of the exit files.
constexpr double kFilesInterval = 0.5;
/// Seconds between two calls of squeue while something changes, and while nothing does.
constexpr double kShortestInterval = 1;
constexpr double kLongestInterval = 15;

/// A unique name for an array: the folder's name and eight digits.
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
  std::vector<std::string> strangers;
  for (const ActiveTask& task : submissions_.active()) {
    if (const auto job = plan_.find(task.job.name)) {
      earlier_[*job] = task.id;
    } else {
      strangers.push_back(fmt::format("{} ({})", task.job.name, task.id));
    }
  }
  has_strangers_ = !strangers.empty();
  if (!earlier_.empty()) say_(fmt::format("Slurm still has {} of the jobs", earlier_.size()));
  if (has_strangers_) {
    say_(fmt::format("Slurm still has jobs that are no longer in the batch file; they continue: {}",
                     fmt::join(strangers, ", ")));
  }
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

void SlurmLauncher::submit_waiting() {
  if (refused_ && (refused_->seconds() < kLongestInterval || !settle_refused())) return;
  try {
    submit();
  } catch (const MissingProgram&) {
    submissions_.drop_last();
    throw;
  } catch (const BatchError& error) {
    if (tasks_.empty()) throw;
    say_(fmt::format("{} Trying again in {:.0f} s.", error.what(), kLongestInterval));
    refused_.emplace();
  }
}

bool SlurmLauncher::settle_refused() {
  const SlurmQueue queue = ask_queue();
  const auto known = std::find_if(queue.tasks.begin(), queue.tasks.end(),
                                  [this](const auto& task) { return task.name == array_.name; });
  if (known != queue.tasks.end()) {
    submissions_.set_job(array_of(known->id));
    follow(array_of(known->id));
    return !waiting_.empty();
  }
  if (!queue.failure.empty()) {
    refused_.emplace();
    return false;
  }
  submissions_.drop_last();
  return true;
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
    std::error_code ignored;
    std::filesystem::remove(folder_.exit_file(planned.job.name), ignored);
  }
  const auto script = folder_.own("slurm.sh");
  write_file_atomically(array_.batch_file, read_file(folder_.jobs_file()));
  write_file_atomically(script, array_script(array_));
  submissions_.add(std::move(submission));
  const std::string array = submit_script(script);
  submissions_.set_job(array);
  say_(fmt::format("submitted {} to Slurm as {} ({})", count_text(waiting_.size(), "job"), array,
                   script.string()));
  follow(array);
}

void SlurmLauncher::follow(const std::string& array) {
  std::erase_if(waiting_, [&](std::size_t job) {
    if (!array_.jobs.contains(job + 1)) return false;
    tasks_[job] = Task{fmt::format("{}_{}", array, job + 1)};
    return true;
  });
  refused_.reset();
  since_queue_ = {};
  interval_ = kShortestInterval;
}

std::vector<EndedJob> SlurmLauncher::ended() {
  std::vector<EndedJob> ended;
  if (is_stopping_) {
    for (const std::size_t job : waiting_) ended.push_back({job, 0, JobEnd::kStopped, ""});
    waiting_.clear();
  } else if (!waiting_.empty()) {
    submit_waiting();
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
  if (is_stopping_ && !is_cancelled_) cancel();
  const SlurmQueue queue = ask_queue();
  if (!queue.failure.empty()) {
    if (!is_silent_) say_("squeue does not answer; trying again: " + queue.failure);
    is_silent_ = true;
    interval_ = kLongestInterval;
    return {};
  }
  if (is_silent_) say_("squeue answers again");
  is_silent_ = false;
  std::map<std::string, std::string> states;
  std::set<std::string> held;
  for (const SlurmTask& task : queue.tasks) {
    states[task.id] = task.state;
    if (is_held(task)) held.insert(task.id);
  }
  std::map<std::string, std::map<std::string, std::string>> accounts;
  std::vector<EndedJob> ended;
  say_when_held(held);
  interval_ = std::min(1.5 * interval_, kLongestInterval);
  for (auto& [job, task] : tasks_) {
    std::string state = states[task.id];
    if (state.empty()) {
      const std::string array = array_of(task.id);
      if (!accounts.contains(array)) accounts[array] = ask_accounting(array);
      state = accounts[array][task.id];
    }
    if (!state.empty() && state != task.state) {
      interval_ = kShortestInterval;
      task.state = state;
    }
    if (state.empty() || is_over(state)) {
      if (auto end = judge(job, task, state)) ended.push_back(std::move(*end));
    } else {
      task.lost.reset();
    }
  }
  return ended;
}

void SlurmLauncher::say_when_held(const std::set<std::string>& held) {
  std::string name;
  std::vector<std::string> ids;
  for (auto& [job, task] : tasks_) {
    const bool was_held = std::exchange(task.is_held, held.contains(task.id));
    if (was_held || !task.is_held) continue;
    name = plan_.jobs[job].job.name;
    ids.push_back(task.id);
  }
  if (ids.size() == 1) {
    say_(fmt::format("{} is held in Slurm until `scontrol release {}`", name, ids.front()));
  } else if (!ids.empty()) {
    say_(fmt::format("{} jobs are held in Slurm until `scontrol release {}`", ids.size(),
                     arrays_of(ids)));
  }
}

void SlurmLauncher::stop() {
  is_stopping_ = true;
  cancel();
  interval_ = kShortestInterval;
}

void SlurmLauncher::cancel() {
  std::vector<std::string> ids;
  for (const auto& [job, task] : tasks_) ids.push_back(task.id);
  const std::string failure = cancel_tasks(ids);
  is_cancelled_ = failure.empty();
  if (!is_cancelled_) say_("scancel did not stop the jobs; trying again: " + failure);
}

void SlurmLauncher::forget_ended() {
  if (!tasks_.empty() || !earlier_.empty()) return;
  const bool may_have_more = has_strangers_ || refused_.has_value();
  if (!may_have_more) return submissions_.keep_active({});
  const SlurmQueue queue = ask_queue();
  if (queue.failure.empty()) submissions_.keep_active(queue.tasks);
}

std::string SlurmLauncher::parting_words() const {
  std::vector<std::string> tasks;
  for (const auto& [job, task] : tasks_) tasks.push_back(task.id);
  for (const auto& [job, task] : earlier_) tasks.push_back(task);
  if (tasks.empty()) return "Slurm has no job of this batch; the same command resumes it.";
  return fmt::format(
      "The jobs continue in Slurm. The same command follows them again; `scancel {}` stops them "
      "with their checkpoints.",
      arrays_of(tasks));
}

}  // namespace transfer
