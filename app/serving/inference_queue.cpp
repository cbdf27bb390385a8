#include "app/serving/inference_queue.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "app/compute/device.h"
#include "core/errors.h"
#include "core/lack_of_resources.h"
#include "core/stopwatch.h"
#include "datasets/formats/oversized_image.h"
#include "datasets/received_image.h"

namespace transfer {
namespace {

ImageOutcome failed(const ImageTask& task, int status, const std::string& reason) {
  return {status, {task.name, {}, reason}};
}

/// What the worker could not do for reasons that are not the image's.
ImageOutcome failed_here(const ImageTask& task, const std::exception& error) {
  if (is_out_of_memory(error)) return failed(task, 503, task.name + ": there is too little memory");
  const bool lacks = dynamic_cast<const ResourceError*>(&error) != nullptr;
  return failed(task, lacks ? 503 : 500, error.what());
}

/// The image as the network sees it; undefined where `task` was told why not.
torch::Tensor decoded(const ImageTask& task) {
  try {
    return task.model->input(task.bytes, task.name);
  } catch (const OversizedImage& error) {
    task.done(failed(task, 413, error.what()));
  } catch (const DataError& error) {
    task.done(failed(task, begins_as_image(task.bytes) ? 400 : 415, error.what()));
  } catch (const std::exception& error) {
    task.done(failed_here(task, error));
  }
  return {};
}

}  // namespace

InferenceQueue::InferenceQueue(const BatchingOptions& options, std::int64_t most_waiting,
                               ServingMetrics& metrics)
    : options_(options), most_waiting_(static_cast<std::size_t>(most_waiting)), metrics_(metrics) {
  if (workers_.start(options_.workers, [this] { work(); }) > 0) return;
  throw ResourceError(
      "the system starts no further thread. Raise the limit on processes (ulimit -u, or the pids "
      "limit of the container), or give fewer --threads.");
}

InferenceQueue::~InferenceQueue() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  workers_.join();
}

bool InferenceQueue::try_add(std::vector<ImageTask> tasks) {
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + tasks.size() > most_waiting_) return false;
    for (ImageTask& task : tasks) waiting_.push_back({std::move(task), now});
  }
  changed_.notify_all();
  return true;
}

std::size_t InferenceQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::size_t InferenceQueue::largest_batch(const ServedModel& model) const {
  const std::int64_t size =
      options_.largest_batch > 0 ? options_.largest_batch : images_per_pass(model);
  return static_cast<std::size_t>(size);
}

std::vector<ImageTask> InferenceQueue::next_batch() {
  const auto longest = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(options_.wait_ms));
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return {};
    const auto is_enough = [&] {
      return is_ending_ || waiting_.empty() ||
             waiting_.size() >= largest_batch(*waiting_.front().task.model);
    };
    changed_.wait_until(lock, waiting_.front().since + longest, is_enough);
    if (waiting_.empty()) continue;  // another worker took them
    const auto model = waiting_.front().task.model;
    const std::size_t largest = largest_batch(*model);
    std::vector<ImageTask> batch;
    for (auto task = waiting_.begin(); task != waiting_.end() && batch.size() < largest;) {
      if (task->task.model != model) {
        ++task;
        continue;
      }
      batch.push_back(std::move(task->task));
      task = waiting_.erase(task);
    }
    return batch;
  }
}

void InferenceQueue::run(std::vector<ImageTask> batch) {
  std::vector<torch::Tensor> inputs;
  std::vector<std::string> names;
  std::vector<const ImageTask*> tasks;
  const Stopwatch decoding;
  for (const ImageTask& task : batch) {
    if (!task.is_wanted()) continue;
    const torch::Tensor input = decoded(task);
    if (!input.defined()) continue;
    inputs.push_back(input);
    names.push_back(task.name);
    tasks.push_back(&task);
  }
  metrics_.add_decoding(batch.size(), decoding.seconds());
  if (tasks.empty()) return;
  try {
    const Stopwatch inference;
    const torch::Tensor images = inputs.size() == 1 ? inputs.front() : torch::cat(inputs);
    auto predictions = tasks.front()->model->predict(images, names);
    metrics_.add_inference(tasks.size(), inference.seconds());
    for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i]->done({200, std::move(predictions[i])});
  } catch (const std::exception& error) {
    for (const ImageTask* task : tasks) task->done(failed_here(*task, error));
  }
}

void InferenceQueue::work() {
  use_threads(1);
  while (true) {
    auto batch = next_batch();
    if (batch.empty()) return;
    run(std::move(batch));
  }
}

}  // namespace transfer
