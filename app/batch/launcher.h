#pragma once

#include <cstddef>
#include <vector>

namespace transfer {

/// What has become of a job that was started.
struct EndedJob {
  std::size_t job = 0;
  /// Exit status of `transfer`, 128 + N where signal N ended it.
  int status = 0;
};

/// Starts jobs of a batch somewhere, each as `transfer batch FILE --out DIR --job N`, and tells how
/// they end. Jobs are told by their position in the batch.
class Launcher {
 public:
  virtual ~Launcher() = default;

  /// Whether one more job may be started now.
  virtual bool has_room() const = 0;
  virtual void start(std::size_t job) = 0;
  /// Jobs that have ended since the last call. Does not wait.
  virtual std::vector<EndedJob> ended() = 0;
  /// Asks all running jobs to stop with a checkpoint.
  virtual void stop() = 0;
};

}  // namespace transfer
