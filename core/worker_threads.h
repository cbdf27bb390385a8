#pragma once

#include <cstdint>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace transfer {

/// Threads that work on something together and are joined when this object ends. Not thread-safe.
class WorkerThreads {
 public:
  WorkerThreads() = default;
  ~WorkerThreads() { join(); }
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  /// Starts up to `count` threads that each call `work`, which must not throw. Returns how many:
  /// the system may allow fewer, and the work must not depend on their number.
  template <typename Work>
  std::int64_t start(std::int64_t count, const Work& work) {
    std::int64_t started = 0;
    try {
      for (; started < count; ++started) threads_.emplace_back(work);
    } catch (const std::system_error&) {
      // Those that run do the work.
    } catch (const std::bad_alloc&) {
    }
    return started;
  }

  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace transfer
