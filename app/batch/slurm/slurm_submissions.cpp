#include "app/batch/slurm/slurm_submissions.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

ordered_json to_object(const SlurmSubmission& submission) {
  ordered_json jobs = ordered_json::object();
  for (const auto& [number, job] : submission.jobs) {
    jobs[fmt::format("{}", number)] = {{"job", job.name}, {"key", job.key}};
  }
  return {{"name", submission.name}, {"slurm_job", submission.job}, {"jobs", jobs}};
}

SlurmSubmission from_object(const ordered_json& object) {
  SlurmSubmission submission;
  submission.name = object.at("name").get<std::string>();
  submission.job = object.at("slurm_job").get<std::string>();
  for (const auto& [number, job] : object.at("jobs").items()) {
    submission.jobs[static_cast<std::size_t>(std::stoull(number))] = {
        job.at("job").get<std::string>(), job.at("key").get<std::string>()};
  }
  return submission;
}

/// The number of a task within its array: 4 of `123_4`.
std::size_t index_of(const std::string& id) {
  const auto number = parse_whole_number(std::string_view(id).substr(id.find('_') + 1));
  return number ? static_cast<std::size_t>(*number) : 0;
}

/// squeue's answer. Throws BatchError where it does not answer.
std::vector<SlurmTask> queue_or_stop(const fs::path& submissions) {
  SlurmQueue queue = ask_queue();
  if (queue.failure.empty()) return std::move(queue.tasks);
  throw BatchError(fmt::format(
      "squeue does not answer, so the jobs of this batch that are still in Slurm are unknown: {}. "
      "Try again when Slurm is back; if it certainly has none, remove {}.",
      queue.failure, submissions.string()));
}

}  // namespace

SlurmSubmissions::SlurmSubmissions(fs::path own_folder) : own_folder_(std::move(own_folder)) {
  if (!is_file(file())) return;
  try {
    const auto object = ordered_json::parse(read_file(file()));
    for (const auto& submission : object.at("submissions")) {
      submissions_.push_back(from_object(submission));
    }
  } catch (const std::exception& error) {
    throw DataError(
        fmt::format("{}: is not a list of submitted jobs: {}. Check with squeue whether jobs of "
                    "this batch are in "
                    "Slurm, stop them with scancel, and remove the file.",
                    file().string(), error.what()));
  }
}

void SlurmSubmissions::add(SlurmSubmission submission) {
  submissions_.push_back(std::move(submission));
  write();
}

void SlurmSubmissions::drop_last() {
  remove_batch_file(submissions_.back());
  submissions_.pop_back();
  write();
}

void SlurmSubmissions::set_job(const std::string& job) {
  submissions_.back().job = job;
  write();
}

void SlurmSubmissions::see_active(const std::vector<SlurmTask>& queue) {
  active_.clear();
  for (const SlurmSubmission& submission : submissions_) {
    for (const SlurmTask& task : queue) {
      if (task.name != submission.name || is_over(task.state)) continue;
      const auto job = submission.jobs.find(index_of(task.id));
      if (job != submission.jobs.end()) {
        active_.push_back({task.id, submission.name, job->second});
      }
    }
  }
}

void SlurmSubmissions::keep_active(const std::vector<SlurmTask>& queue) {
  see_active(queue);
  const auto is_gone = [&](const SlurmSubmission& submission) {
    return std::none_of(active_.begin(), active_.end(),
                        [&](const ActiveTask& task) { return task.array == submission.name; });
  };
  const std::size_t before = submissions_.size();
  for (const SlurmSubmission& submission : submissions_) {
    if (is_gone(submission)) remove_batch_file(submission);
  }
  std::erase_if(submissions_, is_gone);
  if (submissions_.size() != before) write();
}

void SlurmSubmissions::remove_batch_file(const SlurmSubmission& submission) const {
  std::error_code ignored;
  fs::remove(own_folder_ / (submission.name + ".yaml"), ignored);
}

void SlurmSubmissions::write() const {
  if (submissions_.empty()) {
    std::error_code ignored;
    fs::remove(file(), ignored);
    return;
  }
  ordered_json list = ordered_json::array();
  for (const SlurmSubmission& submission : submissions_) list.push_back(to_object(submission));
  write_file_atomically(file(), json_text({{"submissions", list}}));
}

void SlurmSubmissions::find_active() {
  if (!submissions_.empty()) keep_active(queue_or_stop(file()));
}

void SlurmSubmissions::look_at_active() {
  if (!submissions_.empty()) see_active(queue_or_stop(file()));
}

void SlurmSubmissions::refuse_changed_jobs(const BatchPlan& plan) const {
  for (const ActiveTask& task : active_) {
    const auto job = plan.find(task.job.name);
    if (!job || plan.jobs[*job].key == task.job.key) continue;
    throw BatchError(
        fmt::format("job {} ({}) is in Slurm as {} with other settings, data or backbone than now. "
                    "Stop it with "
                    "`scancel {}` or wait for its end, then run the batch again.",
                    task.job.name, plan.jobs[*job].job.where, task.id, task.id));
  }
}

void SlurmSubmissions::refuse_active_jobs() const {
  if (active_.empty()) return;
  std::vector<std::string> tasks;
  for (const ActiveTask& task : active_) tasks.push_back(task.id);
  throw BatchError(fmt::format(
      "Slurm still has {} jobs of this batch. Follow them with --launcher slurm, or stop them with "
      "`scancel {}` before running them here.",
      active_.size(), arrays_of(tasks)));
}

}  // namespace transfer
