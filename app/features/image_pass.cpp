#include "app/features/image_pass.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>

#include "app/compute/device.h"
#include "core/cancellation.h"
#include "core/messages.h"
#include "core/stopwatch.h"
#include "core/worker_threads.h"

namespace transfer {
namespace {

/// What the streams of one pass share.
struct SharedState {
  std::mutex mutex;
  std::vector<BrokenImage> broken;
  std::exception_ptr failure;
  std::atomic<bool> stop = false;
  /// Of all streams together.
  double seconds = 0;
  double seconds_waited = 0;
};

}  // namespace

std::int64_t streams_of_pass(torch::Device device, std::int64_t threads, std::int64_t images,
                             std::int64_t batch_size) {
  const std::int64_t batches = (images + batch_size - 1) / batch_size;
  return device.is_cpu() ? std::clamp<std::int64_t>(threads, 1, std::max(batches, 1L)) : 1;
}

std::vector<BrokenImage> run_over_images(
    const ImagePass& pass, const std::function<torch::Tensor(const torch::Tensor&)>& forward,
    const std::function<void(const Batch&, const torch::Tensor&)>& store) {
  const auto count = static_cast<std::int64_t>(
      pass.loader.order.empty() ? pass.samples.size() : pass.loader.order.size());
  const std::int64_t streams =
      streams_of_pass(pass.device, pass.threads, count, pass.loader.batch_size);
  LoaderOptions options = pass.loader;
  options.queue_batches = streams + 2;
  Loader loader(pass.samples, options);
  std::unique_ptr<Progress> own_progress;
  if (pass.progress == nullptr) {
    own_progress = begin_progress(Work{pass.title, count, "images", 0, pass.tells_end});
  }
  Progress& progress = own_progress ? *own_progress : *pass.progress;
  const std::int64_t threads_per_stream = pass.uses_one_thread_per_stream && pass.device.is_cpu()
                                              ? 1
                                              : std::max<std::int64_t>(pass.threads / streams, 1);
  SharedState shared;

  const auto run_stream = [&] {
    use_threads(threads_per_stream);
    const Stopwatch whole;
    double waited = 0;
    try {
      while (!shared.stop) {
        throw_if_stopped();
        const Stopwatch wait;
        auto batch = loader.next();
        waited += wait.seconds();
        if (!batch) break;
        store(*batch, forward(batch->images));
        const std::lock_guard lock(shared.mutex);
        std::move(batch->broken.begin(), batch->broken.end(), std::back_inserter(shared.broken));
        progress.advance(batch->count);
      }
    } catch (...) {
      const std::lock_guard lock(shared.mutex);
      if (!shared.failure) shared.failure = std::current_exception();
      shared.stop = true;
    }
    const std::lock_guard lock(shared.mutex);
    shared.seconds += whole.seconds();
    shared.seconds_waited += waited;
  };
  WorkerThreads threads;
  if (threads.start(streams, run_stream) == 0) run_stream();
  threads.join();
  use_threads(pass.threads);
  if (shared.failure) std::rethrow_exception(shared.failure);
  if (own_progress) own_progress->finish();
  note_detail("{}: waited for images {:.1f} % of the time", pass.title,
              100 * shared.seconds_waited / std::max(shared.seconds, 1e-9));
  std::sort(shared.broken.begin(), shared.broken.end(),
            [](const auto& a, const auto& b) { return a.sample < b.sample; });
  return shared.broken;
}

}  // namespace transfer
