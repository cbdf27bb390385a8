#include "app/batch/state_table.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "core/count_text.h"
#include "core/quantity_text.h"
#include "core/standard_streams.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

/// Seconds between two drawings on a terminal.
constexpr double kInterval = 0.3;

/// Rows and columns of the terminal.
winsize terminal_size() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    size.ws_row = 24;
    size.ws_col = 80;
  }
  return size;
}

std::int64_t count(const std::vector<JobResult>& results, JobState state) {
  return std::count_if(results.begin(), results.end(),
                       [state](const JobResult& result) { return result.state == state; });
}

}  // namespace

StateTable::StateTable(std::vector<std::string> names, std::int64_t jobs_at_once)
    : jobs_at_once_(jobs_at_once), is_terminal_(::isatty(STDERR_FILENO) == 1) {
  for (auto& name : names) rows_.push_back({std::move(name), std::nullopt, std::nullopt});
}

void StateTable::line(const std::string& text) const {
  if (!is_terminal_) write_to_stderr(visible(text) + "\n");
}

void StateTable::begin(const std::vector<JobResult>& results, const BatchFolder& folder) {
  const auto finished = count(results, JobState::kFinished);
  const auto interrupted = std::count_if(rows_.begin(), rows_.end(), [&](const Row& row) {
    return folder.progress(row.name) == JobProgress::kInterrupted;
  });
  ended_ = static_cast<std::size_t>(finished);
  write_to_stderr(fmt::format("{}: {} finished before, {} to resume, {} to start; {} at a time\n",
                              count_text(rows_.size(), "job"), finished, interrupted,
                              static_cast<std::int64_t>(rows_.size()) - finished - interrupted,
                              jobs_at_once_));
}

void StateTable::started(std::size_t job, bool is_resumed) {
  rows_[job].since.emplace();
  line(fmt::format("{}: {}", rows_[job].name, is_resumed ? "resumed" : "started"));
}

void StateTable::changed(std::size_t job, const JobResult& result) {
  Row& row = rows_[job];
  const double seconds = row.since ? row.since->seconds() : 0;
  if (row.since) row.seconds = seconds;
  row.since.reset();
  if (result.state == JobState::kWaiting) {
    return line(fmt::format("{}: failed after {}, trying again: {}", row.name,
                            duration_text(seconds), result.reason));
  }
  if (result.state == JobState::kPaused) {
    return line(fmt::format("{}: paused after {}", row.name, duration_text(seconds)));
  }
  if (result.state == JobState::kStopped) {
    return line(
        fmt::format("{}: stopped after {}{} ({} of {} done)", row.name, duration_text(seconds),
                    result.reason.empty() ? "" : ": " + result.reason, ended_, rows_.size()));
  }
  ++ended_;
  if (result.state == JobState::kPruned) {
    row.seconds.reset();
    return line(fmt::format("{}: pruned {} ({} of {} done)", row.name, result.reason, ended_,
                            rows_.size()));
  }
  std::string text = fmt::format("{}: {}", row.name, state_name(result.state));
  if (seconds > 0) {
    durations_.push_back(seconds);
    text += " after " + duration_text(seconds);
  }
  if (result.scores) text += ", " + result.scores->score.text(result.scores->val);
  if (!result.reason.empty()) text += ": " + result.reason;
  line(fmt::format("{} ({} of {} done)", text, ended_, rows_.size()));
}

void StateTable::waits_again(std::size_t job, const std::string& why) {
  rows_[job].since.reset();
  line(fmt::format("{}: {}; waiting to resume", rows_[job].name, why));
}

void StateTable::note(const std::string& text) {
  write_to_stderr(visible(text) + "\n");
  drawn_lines_ = 0;
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
  const winsize size = terminal_size();
  const std::size_t most = size.ws_row > 6 ? size.ws_row - 4U : 2U;
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
  std::string text = drawn_lines_ > 0 ? fmt::format("\033[{}A", drawn_lines_) : "";
  for (const std::string& one : lines) {
    text += "\r\033[K" + one.substr(0, size.ws_col - 1U) + "\n";
  }
  text += "\033[J";
  drawn_lines_ = lines.size();
  write_to_stderr(text);
}

void StateTable::refresh(const std::vector<JobResult>& results) {
  if (!is_terminal_ || clock_.seconds() - last_drawn_ < kInterval) return;
  last_drawn_ = clock_.seconds();
  draw(results);
}

void StateTable::end(const std::vector<JobResult>& results) {
  if (is_terminal_) draw(results);
}

}  // namespace transfer
