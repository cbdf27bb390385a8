// What people and programs read of a BatchStatus.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_status.h"
#include "core/enum_names.h"
#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/run_format.h"
#include "core/text_table.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

std::int64_t jobs_in(const BatchStatus& status, JobState state) {
  return std::count_if(status.jobs.begin(), status.jobs.end(),
                       [state](const JobStatus& job) { return job.state == state; });
}

/// Finished, failed or pruned.
std::int64_t count_done(const BatchStatus& status) {
  return jobs_in(status, JobState::kFinished) + jobs_in(status, JobState::kFailed) +
         jobs_in(status, JobState::kPruned);
}

template <typename Number>
ordered_json or_null(const std::optional<Number>& number) {
  return number ? ordered_json(*number) : ordered_json(nullptr);
}

ordered_json job_object(const BatchStatus& status, std::size_t i) {
  const BatchJob& job = status.plan.jobs[i].job;
  const JobStatus& now = status.jobs[i];
  std::optional<Score> val = now.last ? now.last->score : std::nullopt;
  if (now.scores) val = Score{now.scores->score, now.scores->val};
  ordered_json object = {
      {"job", job.name},
      {"group", job.group},
      {"state", name_of(now.state)},
      {"resume", now.resume},
      {"epoch", now.last ? ordered_json(now.last->epoch) : ordered_json(nullptr)},
      {"epochs", or_null(planned_epochs(job.config))},
      {"score", val ? ordered_json(val->name.key) : ordered_json(nullptr)},
      {"val", val ? ordered_json(val->value) : ordered_json(nullptr)},
      {"seconds", now.seconds},
      {"seconds_left", or_null(status.job_seconds_left[i])},
      {"run_directory", BatchFolder(status.folder).run(job.name).string()}};
  if (!now.reason.empty()) object["reason"] = now.reason;
  return object;
}

std::string what_runs(const BatchStatus& status) {
  if (status.is_running) return "a batch runs there now";
  if (!status.arrays.empty()) {
    return fmt::format("jobs were submitted to Slurm ({}), and no command follows them",
                       fmt::join(status.arrays, ", "));
  }
  return "no batch runs there now";
}

/// "7 of 20 jobs done, 2 running, about 12 min left"
std::string counts_text(const BatchStatus& status) {
  std::string text = fmt::format("{} of {} jobs done", count_done(status), status.jobs.size());
  for (const JobState state : {JobState::kFailed, JobState::kRunning, JobState::kPaused,
                               JobState::kStopped, JobState::kWaiting}) {
    const auto count = jobs_in(status, state);
    if (count > 0) text += fmt::format(", {} {}", count, name_of(state));
  }
  if (status.seconds_left && *status.seconds_left > 0) {
    text += fmt::format(", {} left", rough_time_text(*status.seconds_left));
  }
  return text;
}

/// "3 of 20"; of a finished job the number of its epochs.
std::string epoch_cell(const BatchJob& job, const JobStatus& now) {
  if (!now.last) return "";
  const auto planned = planned_epochs(job.config);
  return planned && now.state != JobState::kFinished
             ? fmt::format("{} of {}", now.last->epoch, *planned)
             : fmt::format("{}", now.last->epoch);
}

std::vector<std::string> row_of(const BatchStatus& status, std::size_t i) {
  const BatchJob& job = status.plan.jobs[i].job;
  const JobStatus& now = status.jobs[i];
  const auto left = status.job_seconds_left[i];
  std::string remark = now.reason;
  if (remark.empty() && now.resume && now.state != JobState::kRunning) {
    remark = "resumes from its checkpoint";
  }
  return {job.name,
          std::string(name_of(now.state)),
          epoch_cell(job, now),
          score_text(now),
          now.seconds > 0 ? duration_text(now.seconds) : "",
          left ? rough_time_text(*left) : "",
          std::move(remark)};
}

}  // namespace

std::string to_json(const BatchStatus& status) {
  ordered_json jobs = ordered_json::array();
  for (std::size_t i = 0; i < status.jobs.size(); ++i) jobs.push_back(job_object(status, i));
  ordered_json states = ordered_json::object();
  for (const std::string& state : all_names<JobState>()) {
    states[state] = jobs_in(status, *parse_name<JobState>(state));
  }
  return json_text({{"format", kRunFormat},
                    {"folder", status.folder.string()},
                    {"running", status.is_running},
                    {"slurm_jobs", status.arrays},
                    {"done", count_done(status)},
                    {"total", status.jobs.size()},
                    {"states", states},
                    {"seconds_left", or_null(status.seconds_left)},
                    {"jobs", jobs}});
}

std::string to_text(const BatchStatus& status) {
  std::vector<TableColumn> columns = {{"job"},  {"state"}, {"epoch"}, {"score"},
                                      {"time"}, {"left"},  {""}};
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < status.jobs.size(); ++i) rows.push_back(row_of(status, i));
  return fmt::format("{}: {}: {}\n{}", status.folder.string(), what_runs(status),
                     counts_text(status), text_table(columns, rows));
}

}  // namespace transfer
