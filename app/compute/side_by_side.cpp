#include "app/compute/side_by_side.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "app/compute/device.h"
#include "core/worker_threads.h"

namespace transfer {

void run_side_by_side(std::int64_t count, std::int64_t threads,
                      const std::function<void(std::int64_t)>& work) {
  const std::int64_t streams =
      std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(count, 1));
  std::atomic<std::int64_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run_stream = [&] {
    use_threads(std::max<std::int64_t>(threads / streams, 1));
    try {
      for (std::int64_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  WorkerThreads others;
  others.start(streams - 1, run_stream);
  run_stream();
  others.join();
  use_threads(threads);
  if (failure) std::rethrow_exception(failure);
}

void run_side_by_side(torch::Device device, std::int64_t count, std::int64_t threads,
                      const std::function<void(std::int64_t)>& work) {
  if (device.is_cpu()) return run_side_by_side(count, threads, work);
  for (std::int64_t i = 0; i < count; ++i) work(i);
}

}  // namespace transfer
