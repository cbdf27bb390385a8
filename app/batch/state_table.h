#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_record.h"
#include "app/batch/job_clocks.h"
#include "app/batch/job_result.h"
#include "app/batch/job_status.h"
#include "core/stopwatch.h"

namespace transfer {

/// Shows the jobs of a batch on stderr: on a terminal as a table that is redrawn, with each job's
/// state and the time left; in a log as one line per change of a job's state.
class StateTable {
 public:
  /// The plan and the folder must outlive it.
  StateTable(const BatchPlan& plan, const BatchFolder& folder, JobSlots slots);

  void begin(const std::vector<JobResult>& results);
  /// A job was started, or has begun to run on a cluster.
  void started(std::size_t job, bool is_resumed);
  /// A job has ended, for now or for good. `results` are those of all jobs.
  void changed(std::size_t job, const std::vector<JobResult>& results);
  /// A running job was stopped and will resume.
  void waits_again(std::size_t job, const std::string& why);
  /// To be called often: draws at most a few times per second.
  void refresh(const std::vector<JobResult>& results);
  void end(const std::vector<JobResult>& results);

  const JobClocks& clocks() const { return clocks_; }
  JobSlots slots() const { return slots_; }

 private:
  const BatchJob& job_at(std::size_t job) const { return plan_.jobs[job].job; }
  const std::string& name(std::size_t job) const { return job_at(job).name; }
  /// Tells of a job where no table is drawn.
  void line(std::size_t job, JobState state, const std::string& text) const;
  /// The same with how far the batch is: "TEXT (7 of 20 jobs done, about 12 min left)".
  void line_with_count(std::size_t job, const std::string& text,
                       const std::vector<JobResult>& results);
  void draw(const std::vector<JobResult>& results);
  std::string row_text(std::size_t job, const JobStatus& status) const;
  JobStatus status_of(std::size_t job, const JobResult& result) const;
  /// Looks at the epochs of the jobs that run, and estimates the time left.
  void look(const std::vector<JobResult>& results);
  /// ", about 40 s left"; empty while nothing is known.
  std::string time_left_text() const;

  const BatchPlan& plan_;
  const BatchFolder& folder_;
  JobSlots slots_;
  bool draws_;
  JobClocks clocks_;
  std::vector<std::optional<LastEpoch>> epochs_;
  Stopwatch clock_;
  double last_drawn_ = -1;
  double last_looked_ = -1;
  std::optional<double> seconds_left_;
  std::size_t ended_ = 0;
};

}  // namespace transfer
