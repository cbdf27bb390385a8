#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/job_clocks.h"
#include "app/batch/job_result.h"
#include "core/stopwatch.h"

namespace transfer {

/// How many jobs run at a time.
struct JobSlots {
  std::int64_t most = 1;
  /// Whether so many run whenever so many are left; a cluster may run fewer.
  bool are_certain = true;
};

/// What a running batch tells others of its jobs: `batch/status.json` in its folder. What a killed
/// one has left there may be out of date.
struct BatchRecord {
  struct Job {
    JobState state = JobState::kWaiting;
    std::string reason = {};
    /// In the invocation that wrote this, without the start that still ran.
    double seconds = 0;
    /// When a running job was started, in seconds since 1970.
    std::optional<double> started = {};
  };
  /// A launcher's name.
  std::string launcher;
  JobSlots slots;
  std::map<std::string, Job> jobs;
};

/// Nothing where no batch has left one that can be read.
std::optional<BatchRecord> read_batch_record(const BatchFolder& folder);

/// Keeps the record of a running batch up to date.
class BatchRecorder {
 public:
  BatchRecorder(const BatchPlan& plan, const BatchFolder& folder, std::string launcher,
                JobSlots slots);

  /// To be called often: writes where a state has changed, about once a second at most. A file that
  /// cannot be written is warned of once and harms nothing else.
  void update(const std::vector<JobResult>& results, const JobClocks& clocks);
  /// Writes where a state has changed.
  void finish(const std::vector<JobResult>& results, const JobClocks& clocks);

 private:
  bool has_changed(const std::vector<JobResult>& results) const;
  void write(const std::vector<JobResult>& results, const JobClocks& clocks);

  const BatchPlan& plan_;
  const BatchFolder& folder_;
  std::string launcher_;
  JobSlots slots_;
  /// The states that are written.
  std::vector<JobState> states_;
  std::optional<Stopwatch> since_written_;
  /// Seconds that a write took.
  double cost_ = 0;
  bool is_broken_ = false;
};

}  // namespace transfer
