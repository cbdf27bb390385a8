#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/batch/batch_options.h"

namespace transfer {

/// Why a job that was started no longer runs.
enum class JobEnd {
  kExited,     ///< it ended by itself, successfully or not
  kTakenAway,  ///< it lost its machine; to be started again, which does not count as a retry
  kStopped,    ///< somebody stopped it; not to be started again by this invocation
};

/// How a job that was started has ended.
struct EndedJob {
  std::size_t job = 0;
  /// Exit status of `transfer`, 128 + N where signal N ended it.
  int status = 0;
  JobEnd end = JobEnd::kExited;
  /// What the launcher knows and the job's log does not say.
  std::string reason = {};
};

/// Starts the jobs of a batch somewhere, each as `transfer batch FILE --output DIR --job N`, and
/// reports how they end. A job is identified by its position in the batch.
class Launcher {
 public:
  virtual ~Launcher() = default;

  virtual LauncherKind kind() const = 0;
  /// Whether one more job may be started now.
  virtual bool has_room() const = 0;
  virtual void start(std::size_t job) = 0;
  /// Whether a job that was started is waiting to run, for the first time or again.
  virtual bool is_queued(std::size_t /*job*/) const { return false; }
  /// The jobs that have ended since the last call. Does not wait.
  virtual std::vector<EndedJob> ended() = 0;
  /// Asks all running jobs to stop with a checkpoint.
  virtual void stop() = 0;

  /// Whether jobs continue when this program ends.
  virtual bool jobs_outlive_program() const { return false; }
  /// Tells a user who has stopped the batch what becomes of the jobs and how to resume.
  virtual std::string parting_words() const;
};

}  // namespace transfer
