#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/stopwatch.h"

namespace transfer {

/// How long each job of a batch has run in this invocation.
class JobClocks {
 public:
  explicit JobClocks(std::size_t jobs) : jobs_(jobs) {}

  void start(std::size_t job);
  /// Returns the seconds since start(); 0 where the job did not run.
  double stop(std::size_t job);

  bool is_running(std::size_t job) const { return jobs_[job].since.has_value(); }
  /// Seconds of the job's last start, which may still run; nothing where it was not started.
  std::optional<double> last(std::size_t job) const;
  /// Seconds of all its starts.
  double total(std::size_t job) const;
  /// When the running job was started, in seconds since 1970.
  std::optional<double> started(std::size_t job) const { return jobs_[job].started; }

 private:
  struct Clock {
    std::optional<Stopwatch> since;
    std::optional<double> started;
    std::optional<double> last;
    double before = 0;
  };
  std::vector<Clock> jobs_;
};

/// Seconds since 1970.
double seconds_since_1970();

}  // namespace transfer
