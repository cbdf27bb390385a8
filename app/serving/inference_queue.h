#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/prediction.h"
#include "app/serving/served_model.h"
#include "app/serving/serving_metrics.h"
#include "app/serving/serving_options.h"
#include "core/worker_threads.h"

namespace transfer {

/// What became of an image.
struct ImageOutcome {
  /// 200, or the status that the image alone would be refused with.
  int status = 200;
  /// With the reason as its error where there is no prediction.
  Prediction prediction;
};

/// An image on its way through the network.
struct ImageTask {
  std::shared_ptr<const ServedModel> model;
  std::string name;
  std::string_view bytes;
  /// Whether anybody still waits for it; others are passed over.
  std::function<bool()> is_wanted;
  /// Takes what became of it, on a worker's thread. Keeps what `bytes` points to. Must not throw.
  std::function<void(ImageOutcome)> done;
};

/// Images of all requests. Workers decode them and run the network on those that came together.
/// An image waits for others only while a worker is free for it, and never longer than
/// BatchingOptions::wait_ms. Thread-safe.
class InferenceQueue {
 public:
  /// Starts the workers. `metrics` must outlive it. Throws ResourceError where no thread starts.
  InferenceQueue(const BatchingOptions& options, std::int64_t most_waiting,
                 ServingMetrics& metrics);
  /// Finishes all tasks and joins the workers.
  ~InferenceQueue();
  InferenceQueue(const InferenceQueue&) = delete;
  InferenceQueue& operator=(const InferenceQueue&) = delete;

  /// Adds all of the tasks, or none and returns false where more would wait than may.
  bool try_add(std::vector<ImageTask> tasks);
  std::size_t waiting() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    ImageTask task;
    Clock::time_point since;
  };

  void work();
  /// Tasks for one model that go through the network together; empty at the end.
  std::vector<ImageTask> next_batch();
  std::size_t largest_batch(const ServedModel& model) const;
  void run(std::vector<ImageTask> batch);

  const BatchingOptions options_;
  const std::size_t most_waiting_;
  ServingMetrics& metrics_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool is_ending_ = false;
  WorkerThreads workers_;
};

}  // namespace transfer
