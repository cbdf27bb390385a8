#include "app/batch/state_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/report/terminal_text.h"
#include "core/count_text.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

/// Seconds between two drawings on a terminal, and between two looks at the epochs of running jobs.
constexpr double kInterval = 0.3;
constexpr double kLookInterval = 2;

std::int64_t count(const std::vector<JobResult>& results, JobState state) {
  return std::count_if(results.begin(), results.end(),
                       [state](const JobResult& result) { return result.state == state; });
}

}  // namespace

StateTable::StateTable(const BatchPlan& plan, const BatchFolder& folder, JobSlots slots)
    : plan_(plan),
      folder_(folder),
      slots_(slots),
      draws_(messages().draws()),
      clocks_(plan.jobs.size()),
      epochs_(plan.jobs.size()) {}

void StateTable::line(std::size_t job, JobState state, const std::string& text) const {
  if (draws_) return;
  messages().event("note", {{"job", name(job)}, {"state", name_of(state)}},
                   name(job) + ": " + text);
}

void StateTable::line_with_count(std::size_t job, const std::string& text,
                                 const std::vector<JobResult>& results) {
  if (draws_) return;
  look(results);
  nlohmann::ordered_json members = {{"job", name(job)},
                                    {"state", name_of(results[job].state)},
                                    {"done", ended_},
                                    {"total", plan_.jobs.size()},
                                    {"seconds_left", nullptr}};
  if (seconds_left_) members["seconds_left"] = *seconds_left_;
  messages().event("note", members,
                   fmt::format("{}: {} ({} of {} jobs done{})", name(job), text, ended_,
                               plan_.jobs.size(), time_left_text()));
}

void StateTable::begin(const std::vector<JobResult>& results) {
  std::size_t interrupted = 0;
  for (std::size_t job = 0; job < plan_.jobs.size(); ++job) {
    if (folder_.progress(name(job)) != JobProgress::kInterrupted) continue;
    ++interrupted;
    epochs_[job] = read_last_epoch(folder_.run(name(job)));
  }
  ended_ = static_cast<std::size_t>(count(results, JobState::kFinished));
  transfer::note("{}: {} finished before, {} to resume, {} to start; {} at a time",
                 count_text(plan_.jobs.size(), "job"), ended_, interrupted,
                 plan_.jobs.size() - ended_ - interrupted, slots_.most);
}

void StateTable::started(std::size_t job, bool is_resumed) {
  clocks_.start(job);
  line(job, JobState::kRunning, is_resumed ? "resumed" : "started");
}

void StateTable::changed(std::size_t job, const std::vector<JobResult>& results) {
  const JobResult& result = results[job];
  const bool has_run = clocks_.is_running(job);
  const std::string after = " after " + duration_text(clocks_.stop(job));
  epochs_[job] = read_last_epoch(folder_.run(name(job)));
  const std::string reason = result.reason.empty() ? "" : ": " + result.reason;
  switch (result.state) {
    case JobState::kWaiting:
      return line(job, result.state, fmt::format("failed{}, trying again{}", after, reason));
    case JobState::kPaused: return line(job, result.state, "paused" + after);
    case JobState::kStopped:
      return line_with_count(job, fmt::format("stopped{}{}", after, reason), results);
    case JobState::kPruned:
      ++ended_;
      return line_with_count(job, "pruned " + result.reason, results);
    case JobState::kRunning:
    case JobState::kFinished:
    case JobState::kFailed: break;
  }
  ++ended_;
  std::string text{name_of(result.state)};
  if (has_run) text += after;
  if (result.scores) text += ", " + result.scores->score.text(result.scores->val);
  line_with_count(job, text + reason, results);
}

void StateTable::waits_again(std::size_t job, const std::string& why) {
  clocks_.stop(job);
  epochs_[job] = read_last_epoch(folder_.run(name(job)));
  line(job, JobState::kWaiting, why + "; waiting to resume");
}

void StateTable::look(const std::vector<JobResult>& results) {
  std::vector<JobStatus> now;
  for (std::size_t job = 0; job < results.size(); ++job) {
    if (clocks_.is_running(job)) epochs_[job] = read_last_epoch(folder_.run(name(job)));
    now.push_back(status_of(job, results[job]));
  }
  seconds_left_ = time_left(plan_, now).of_all(slots_.are_certain ? slots_.most : 0);
}

JobStatus StateTable::status_of(std::size_t job, const JobResult& result) const {
  JobStatus status{result.state,       result.reason, /*resume=*/false,
                   clocks_.total(job), epochs_[job],  result.scores};
  if (status.last) status.seconds = std::max(status.seconds, status.last->seconds);
  if (status.scores) status.seconds = std::max(status.seconds, status.scores->seconds);
  return status;
}

std::string StateTable::time_left_text() const {
  const bool is_over = ended_ == plan_.jobs.size();
  return seconds_left_ && !is_over ? fmt::format(", {} left", rough_time_text(*seconds_left_)) : "";
}

std::string StateTable::row_text(std::size_t job, const JobStatus& status) const {
  std::string text = fmt::format("  {:<8}  {}", name_of(status.state), name(job));
  if (const auto seconds = clocks_.last(job); seconds && status.state != JobState::kPruned) {
    text += "  " + duration_text(*seconds);
  }
  const bool tells_epoch = status.state == JobState::kRunning || status.state == JobState::kStopped;
  if (const auto epoch = epochs_text(job_at(job), status); tells_epoch && !epoch.empty()) {
    text += "  " + epoch;
  }
  if (tells_epoch || status.scores) {
    if (const auto score = score_text(status); !score.empty()) text += "  " + score;
  }
  if (!status.reason.empty()) text += "  " + status.reason;
  return visible(text);
}

void StateTable::draw(const std::vector<JobResult>& results) {
  const auto rows = static_cast<std::size_t>(terminal_size().rows);
  const std::size_t most = rows > 6 ? rows - 4 : 2;
  std::vector<std::string> lines;
  // Where not all jobs fit, only the running and the failed ones are shown.
  const bool shows_all = plan_.jobs.size() <= most;
  for (std::size_t job = 0; job < plan_.jobs.size() && lines.size() < most; ++job) {
    const JobState state = results[job].state;
    if (shows_all || state == JobState::kRunning || state == JobState::kFailed) {
      lines.push_back(row_text(job, status_of(job, results[job])));
    }
  }
  lines.push_back(fmt::format("{} of {} jobs done, {} running, {} failed{}", ended_,
                              plan_.jobs.size(), count(results, JobState::kRunning),
                              count(results, JobState::kFailed), time_left_text()));
  messages().draw(lines);
}

void StateTable::refresh(const std::vector<JobResult>& results) {
  if (!draws_ || clock_.seconds() - last_drawn_ < kInterval) return;
  last_drawn_ = clock_.seconds();
  if (last_looked_ < 0 || last_drawn_ - last_looked_ > kLookInterval) {
    look(results);
    last_looked_ = last_drawn_;
  }
  draw(results);
}

void StateTable::end(const std::vector<JobResult>& results) {
  if (!draws_) return;
  draw(results);
  messages().keep_drawn();
}

}  // namespace transfer
