#include "app/serving/task_queue.h"

#include <utility>

#include "app/compute/device.h"
#include "core/errors.h"

namespace transfer {

TaskQueue::TaskQueue(std::size_t most_waiting) : most_waiting_(most_waiting) {
  if (thread_.start(1, [this] { work(); }) == 1) return;
  throw ResourceError(
      "the system starts no further thread. Raise the limit on processes (ulimit -u, or the pids "
      "limit of the container).");
}

TaskQueue::~TaskQueue() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool TaskQueue::try_add(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= most_waiting_) return false;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

std::size_t TaskQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

void TaskQueue::work() {
  use_threads(1);
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }
}

}  // namespace transfer
