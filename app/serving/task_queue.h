#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "core/worker_threads.h"

namespace transfer {

/// One thread that does tasks in their order, with a limit on how many wait.
class TaskQueue {
 public:
  /// Starts the thread. Throws ResourceError where the system starts none.
  explicit TaskQueue(std::size_t most_waiting);
  /// Does what waits, then joins the thread.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// Returns false where too many wait already. `task` must not throw. Thread-safe.
  bool try_add(std::function<void()> task);
  std::size_t waiting() const;

 private:
  void work();

  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool is_ending_ = false;
  WorkerThreads thread_;
};

}  // namespace transfer
