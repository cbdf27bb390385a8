#include "app/batch/state_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/report/terminal_text.h"
#include "core/count_text.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

/// Seconds between two drawings on a terminal.
constexpr double kInterval = 0.3;

std::int64_t count(const std::vector<JobResult>& results, JobState state) {
  return std::count_if(results.begin(), results.end(),
                       [state](const JobResult& result) { return result.state == state; });
}

}  // namespace

StateTable::StateTable(std::vector<std::string> names, std::int64_t jobs_at_once)
    : jobs_at_once_(jobs_at_once), draws_(messages().draws()) {
  for (auto& name : names) rows_.push_back({std::move(name), std::nullopt, std::nullopt});
}

void StateTable::line(std::size_t job, JobState state, const std::string& text) const {
  if (draws_) return;
  const std::string& name = rows_[job].name;
  messages().event("note", {{"job", name}, {"state", state_name(state)}}, name + ": " + text);
}

void StateTable::begin(const std::vector<JobResult>& results, const BatchFolder& folder) {
  const auto finished = count(results, JobState::kFinished);
  const auto interrupted = std::count_if(rows_.begin(), rows_.end(), [&](const Row& row) {
    return folder.progress(row.name) == JobProgress::kInterrupted;
  });
  ended_ = static_cast<std::size_t>(finished);
  transfer::note("{}: {} finished before, {} to resume, {} to start; {} at a time",
                 count_text(rows_.size(), "job"), finished, interrupted,
                 static_cast<std::int64_t>(rows_.size()) - finished - interrupted, jobs_at_once_);
}

void StateTable::started(std::size_t job, bool is_resumed) {
  rows_[job].since.emplace();
  line(job, JobState::kRunning, is_resumed ? "resumed" : "started");
}

void StateTable::changed(std::size_t job, const JobResult& result) {
  Row& row = rows_[job];
  const double seconds = row.since ? row.since->seconds() : 0;
  if (row.since) row.seconds = seconds;
  row.since.reset();
  if (result.state == JobState::kWaiting) {
    return line(
        job, result.state,
        fmt::format("failed after {}, trying again: {}", duration_text(seconds), result.reason));
  }
  if (result.state == JobState::kPaused) {
    return line(job, result.state, fmt::format("paused after {}", duration_text(seconds)));
  }
  if (result.state == JobState::kStopped) {
    return line(
        job, result.state,
        fmt::format("stopped after {}{} ({} of {} done)", duration_text(seconds),
                    result.reason.empty() ? "" : ": " + result.reason, ended_, rows_.size()));
  }
  ++ended_;
  if (result.state == JobState::kPruned) {
    row.seconds.reset();
    return line(job, result.state,
                fmt::format("pruned {} ({} of {} done)", result.reason, ended_, rows_.size()));
  }
  std::string text = state_name(result.state);
  if (seconds > 0) {
    durations_.push_back(seconds);
    text += " after " + duration_text(seconds);
  }
  if (result.scores) text += ", " + result.scores->score.text(result.scores->val);
  if (!result.reason.empty()) text += ": " + result.reason;
  line(job, result.state, fmt::format("{} ({} of {} done)", text, ended_, rows_.size()));
}

void StateTable::waits_again(std::size_t job, const std::string& why) {
  rows_[job].since.reset();
  line(job, JobState::kWaiting, why + "; waiting to resume");
}

std::string StateTable::time_left(const std::vector<JobResult>& results) const {
  if (durations_.empty()) return "";
  const double mean = std::accumulate(durations_.begin(), durations_.end(), 0.0) /
                      static_cast<double>(durations_.size());
  double left = mean * static_cast<double>(count(results, JobState::kWaiting));
  for (const Row& row : rows_) {
    if (row.since) left += std::max(mean - row.since->seconds(), 0.0);
  }
  return fmt::format(", about {} left", duration_text(left / static_cast<double>(jobs_at_once_)));
}

std::string StateTable::row_text(const Row& row, const JobResult& result) const {
  std::string text = fmt::format("  {:<8}  {}", state_name(result.state), row.name);
  if (row.since) text += "  " + duration_text(row.since->seconds());
  if (row.seconds && !row.since) text += "  " + duration_text(*row.seconds);
  if (result.scores) text += "  " + result.scores->score.text(result.scores->val);
  if (!result.reason.empty()) text += "  " + result.reason;
  return visible(text);
}

void StateTable::draw(const std::vector<JobResult>& results) {
  const auto rows = static_cast<std::size_t>(terminal_size().rows);
  const std::size_t most = rows > 6 ? rows - 4 : 2;
  std::vector<std::string> lines;
  // Where not all jobs fit, only the running and the failed ones are shown.
  const bool shows_all = rows_.size() <= most;
  for (std::size_t i = 0; i < rows_.size() && lines.size() < most; ++i) {
    const JobState state = results[i].state;
    if (shows_all || state == JobState::kRunning || state == JobState::kFailed) {
      lines.push_back(row_text(rows_[i], results[i]));
    }
  }
  lines.push_back(fmt::format("{} of {} jobs done, {} running, {} failed{}", ended_, rows_.size(),
                              count(results, JobState::kRunning), count(results, JobState::kFailed),
                              time_left(results)));
  messages().draw(lines);
}

void StateTable::refresh(const std::vector<JobResult>& results) {
  if (!draws_ || clock_.seconds() - last_drawn_ < kInterval) return;
  last_drawn_ = clock_.seconds();
  draw(results);
}

void StateTable::end(const std::vector<JobResult>& results) {
  if (!draws_) return;
  draw(results);
  messages().keep_drawn();
}

}  // namespace transfer
