#include "app/batch/time_left.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>

#include "core/quantity_text.h"

namespace transfer {
namespace {

std::optional<double> median(std::vector<double> numbers) {
  if (numbers.empty()) return std::nullopt;
  std::sort(numbers.begin(), numbers.end());
  const std::size_t middle = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}

/// What its epochs so far lead to expect of a running job, from its beginning.
std::optional<double> by_epochs(const JobTime& job) {
  if (job.state != JobState::kRunning || job.share <= 0) return std::nullopt;
  return job.seconds / job.share;
}

}  // namespace

TimeKind time_kind(const Config& config) {
  const ImageSize& size = config.data.input_size;
  return {config.strategy,
          fmt::format("{}\n{}\n{}x{}\n{}\n{}", config.backbone, config.data.path, size.height,
                      size.width, config.train.epochs, config.train.iterations)};
}

TimeLeft::TimeLeft(std::vector<JobTime> jobs) : jobs_(std::move(jobs)) {
  std::map<TimeKind, std::vector<double>> finished;
  std::map<TimeKind, std::vector<double>> expected;
  for (const JobTime& job : jobs_) {
    if (job.state == JobState::kFinished) finished[job.kind].push_back(job.seconds);
    if (const auto seconds = by_epochs(job)) expected[job.kind].push_back(*seconds);
  }
  for (const auto* times : {&finished, &expected}) {
    for (const auto& [kind, seconds] : *times) by_kind_.emplace(kind, *median(seconds));
  }
  std::map<std::string, std::vector<double>> known;
  for (const auto& [kind, seconds] : by_kind_) known[kind.strategy].push_back(seconds);
  for (const auto& [strategy, seconds] : known) by_strategy_[strategy] = *median(seconds);
}

std::optional<double> TimeLeft::whole(const TimeKind& kind) const {
  if (const auto known = by_kind_.find(kind); known != by_kind_.end()) return known->second;
  const auto alike = by_strategy_.find(kind.strategy);
  return alike == by_strategy_.end() ? std::nullopt : std::optional(alike->second);
}

std::optional<double> TimeLeft::of_job(std::size_t job) const {
  const JobTime& time = jobs_[job];
  if (!is_open(time.state)) return 0;
  const auto expected = whole(time.kind);
  if (time.state != JobState::kRunning) {
    return expected ? std::optional(*expected * (1 - time.share)) : std::nullopt;
  }
  if (expected && time.seconds < *expected) return *expected - time.seconds;
  // It takes longer than its like.
  if (const auto own = by_epochs(time)) return std::max(*own - time.seconds, 0.0);
  return expected ? std::optional(0.0) : std::nullopt;
}

std::optional<double> TimeLeft::of_all(std::int64_t slots) const {
  std::priority_queue<double, std::vector<double>, std::greater<>> ends;  // of slots in use
  std::vector<double> waiting;
  for (std::size_t job = 0; job < jobs_.size(); ++job) {
    if (!is_open(jobs_[job].state)) continue;
    const auto left = of_job(job);
    if (!left || jobs_[job].is_in_contest) return std::nullopt;
    if (jobs_[job].state == JobState::kRunning) {
      ends.push(*left);
    } else {
      waiting.push_back(*left);
    }
  }
  if (slots == 0 && ends.empty() && !waiting.empty()) return std::nullopt;
  while (static_cast<std::int64_t>(ends.size()) < slots) ends.push(0);
  double last = 0;
  for (const double seconds : waiting) {
    const double end = ends.top() + seconds;
    ends.pop();
    ends.push(end);
  }
  for (; !ends.empty(); ends.pop()) last = std::max(last, ends.top());
  return last;
}

std::string rough_time_text(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 60 * kMinute;
  if (seconds < 1) return "less than a second";
  if (seconds < 10) return fmt::format("about {:.0f} s", seconds);
  if (seconds < kMinute - 2.5) return fmt::format("about {:.0f} s", 5 * std::round(seconds / 5));
  const double unit = seconds < kHour ? kMinute : 1;
  return "about " + duration_text(unit * std::round(seconds / unit));
}

}  // namespace transfer
