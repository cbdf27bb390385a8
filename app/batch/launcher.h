#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace transfer {

/// Why a job that was started runs no more.
enum class JobEnd {
  kExited,     ///< it ended by itself, whether well or not
  kTakenAway,  ///< the machine was taken from it; to be started again, whatever was said of retries
  kStopped,    ///< somebody stopped it; not to be started again in this sitting
};

/// What has become of a job that was started.
struct EndedJob {
  std::size_t job = 0;
  /// Exit status of `transfer`, 128 + N where signal N ended it.
  int status = 0;
  JobEnd end = JobEnd::kExited;
  /// What the launcher knows of it that the job's log does not tell.
  std::string reason = {};
};

/// Starts jobs of a batch somewhere, each as `transfer batch FILE --out DIR --job N`, and tells how
/// they end. Jobs are told by their position in the batch.
class Launcher {
 public:
  virtual ~Launcher() = default;

  /// Whether one more job may be started now.
  virtual bool has_room() const = 0;
  virtual void start(std::size_t job) = 0;
  /// Whether a job that was started still waits for its turn, or waits again.
  virtual bool is_queued(std::size_t /*job*/) const { return false; }
  /// Jobs that have ended since the last call. Does not wait.
  virtual std::vector<EndedJob> ended() = 0;
  /// Asks all running jobs to stop with a checkpoint.
  virtual void stop() = 0;

  /// Whether jobs go on when this program ends.
  virtual bool jobs_outlive_program() const { return false; }
  /// What a person is told who has stopped the batch: what becomes of the jobs, how to go on.
  virtual std::string parting_words() const { return "The same command again goes on from here."; }
};

}  // namespace transfer
