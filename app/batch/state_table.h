#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/job_result.h"
#include "core/stopwatch.h"

namespace transfer {

/// Shows the jobs of a batch on stderr: on a terminal as a table that is redrawn, with each job's
/// state and the time left; in a log as one line per change of a job's state.
class StateTable {
 public:
  /// `jobs_at_once` serves to estimate the time left.
  StateTable(std::vector<std::string> names, std::int64_t jobs_at_once);

  void begin(const std::vector<JobResult>& results, const BatchFolder& folder);
  void started(std::size_t job, bool is_resumed);
  void changed(std::size_t job, const JobResult& result);
  /// A running job was stopped and will resume.
  void waits_again(std::size_t job, const std::string& why);
  /// To be called often: draws at most a few times per second.
  void refresh(const std::vector<JobResult>& results);
  void end(const std::vector<JobResult>& results);

 private:
  struct Row {
    std::string name;
    std::optional<Stopwatch> since;
    std::optional<double> seconds;
  };

  /// Tells of a job where no table is drawn.
  void line(std::size_t job, JobState state, const std::string& text) const;
  void draw(const std::vector<JobResult>& results);
  std::string row_text(const Row& row, const JobResult& result) const;
  /// "about 40 s left"; empty while nothing is known.
  std::string time_left(const std::vector<JobResult>& results) const;

  std::vector<Row> rows_;
  std::int64_t jobs_at_once_;
  bool draws_;
  Stopwatch clock_;
  double last_drawn_ = -1;
  /// Seconds of the jobs that have ended in this invocation.
  std::vector<double> durations_;
  std::size_t ended_ = 0;
};

}  // namespace transfer
