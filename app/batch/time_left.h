#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/job_result.h"
#include "configs/batch.h"

namespace transfer {

/// Jobs of one kind are expected to take equally long: those with the same strategy, backbone,
/// data, image size and number of epochs.
struct TimeKind {
  std::string strategy;
  std::string rest;

  auto operator<=>(const TimeKind&) const = default;
};

TimeKind time_kind(const Config& config);

/// What is known of the time that a job takes.
struct JobTime {
  JobState state = JobState::kWaiting;
  TimeKind kind = {};
  /// That it has run; of a finished job, all that it took.
  double seconds = 0;
  /// The part of its epochs that is trained; 0 where that is unknown.
  double share = 0;
  /// Whether the scores of others decide how long it trains.
  bool is_in_contest = false;
};

/// How long the jobs of a batch are expected to take: the median time of the finished jobs of the
/// same kind, else what the epochs of running ones of that kind lead to expect, else the median
/// over the kinds with the same strategy. Other strategies say nothing of it.
class TimeLeft {
 public:
  explicit TimeLeft(std::vector<JobTime> jobs);

  /// Seconds that the job still has to run; 0 for one that has ended, nothing where it is unknown.
  std::optional<double> of_job(std::size_t job) const;

  /// Seconds until all have ended, of which `slots` run at a time, in their order; 0 slots: as many
  /// as run now. Nothing where it is unknown, also while a contest is undecided.
  std::optional<double> of_all(std::int64_t slots) const;

 private:
  /// What a job of the kind is expected to take from its beginning.
  std::optional<double> whole(const TimeKind& kind) const;

  std::vector<JobTime> jobs_;
  std::map<TimeKind, double> by_kind_;
  std::map<std::string, double> by_strategy_;
};

/// "about 12 min", "about 40 s", "less than a second": no more digits than are known.
std::string rough_time_text(double seconds);

}  // namespace transfer
