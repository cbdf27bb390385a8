#include "datasets/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <opencv2/core.hpp>
#include <stdexcept>
#include <system_error>

#include "core/errors.h"
#include "core/lack_of_resources.h"
#include "core/random.h"
#include "core/worker_threads.h"
#include "datasets/augment.h"
#include "datasets/decode.h"
#include "datasets/preprocess.h"

namespace transfer {

class Loader::Implementation {
 public:
  Implementation(std::vector<Sample> samples, LoaderOptions options)
      : samples_(std::move(samples)), options_(std::move(options)) {
    // The workers already run in parallel.
    cv::setNumThreads(0);
    if (options_.batch_size < 1 || options_.queue_batches < 1) {
      throw std::invalid_argument("a Loader needs a batch size and a queue of at least 1");
    }
    if (options_.order.empty()) {
      options_.order.resize(samples_.size());
      std::iota(options_.order.begin(), options_.order.end(), 0);
    }
    if (!samples_.empty()) targets_ = static_cast<std::int64_t>(samples_.front().targets.size());
    pads_ = options_.batches.empty();
    if (pads_) {
      const auto count = static_cast<std::int64_t>(options_.order.size());
      for (std::int64_t first = 0; first < count; first += options_.batch_size) {
        options_.batches.push_back({first, std::min(options_.batch_size, count - first)});
      }
    }
    const std::int64_t workers = std::max<std::int64_t>(options_.workers, 1);
    if (workers_.start(workers, [this] { work(); }) > 0) return;
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  }

  ~Implementation() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    workers_.join();
  }

  std::int64_t batch_count() const { return static_cast<std::int64_t>(options_.batches.size()); }

  std::optional<Batch> next() {
    std::unique_lock lock(mutex_);
    if (next_delivered_ >= batch_count()) return std::nullopt;
    const std::int64_t index = next_delivered_++;
    changed_.wait(lock, [&] {
      const auto found = open_.find(index);
      return failure_ || (found != open_.end() && found->second->rows_left == 0);
    });
    if (failure_) std::rethrow_exception(failure_);
    Batch batch = std::move(open_.at(index)->batch);
    open_.erase(index);
    ++batches_taken_;
    lock.unlock();
    changed_.notify_all();
    std::sort(batch.broken.begin(), batch.broken.end(),
              [](const auto& a, const auto& b) { return a.sample < b.sample; });
    return batch;
  }

 private:
  /// A batch that workers are filling, row by row.
  struct OpenBatch {
    Batch batch;
    std::int64_t rows_left = 0;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(
          lock, [&] { return is_over() || next_batch_ < batches_taken_ + options_.queue_batches; });
      if (is_over()) return;
      OpenBatch* open = nullptr;
      std::int64_t row = 0;
      std::exception_ptr failure;
      std::string path;
      try {
        open = &open_batch(next_batch_);
        row = next_row_++;
        path = path_of(open->batch.samples[static_cast<std::size_t>(row)]);
        if (next_row_ == open->batch.count) {
          ++next_batch_;
          next_row_ = 0;
        }
        lock.unlock();
        fill_row(open->batch, row);
      } catch (const ResourceError&) {
        failure = std::current_exception();
      } catch (const std::exception& error) {
        failure =
            is_out_of_memory(error)
                ? std::current_exception()
                : std::make_exception_ptr(DataError(fmt::format("{}: {}", path, error.what())));
      }
      if (!lock.owns_lock()) lock.lock();
      if (failure) {
        failure_ = failure;
        changed_.notify_all();
        return;
      }
      if (--open->rows_left == 0) changed_.notify_all();
    }
  }

  /// REQUIRES: mutex_ is held.
  bool is_over() const { return stopping_ || failure_ || next_batch_ >= batch_count(); }

  /// REQUIRES: mutex_ is held. The reference stays valid until the batch is delivered.
  OpenBatch& open_batch(std::int64_t index) {
    const auto found = open_.find(index);
    if (found != open_.end()) return *found->second;
    auto open = std::make_unique<OpenBatch>();
    Batch& batch = open->batch;
    const auto& p = options_.preprocessing;
    const BatchBounds& bounds = options_.batches[static_cast<std::size_t>(index)];
    const std::int64_t rows = pads_ ? options_.batch_size : bounds.count;
    batch.first = bounds.first;
    batch.count = bounds.count;
    const auto begin = options_.order.begin() + bounds.first;
    batch.samples.assign(begin, begin + bounds.count);
    const auto in_memory = torch::TensorOptions().pinned_memory(options_.pin_memory);
    batch.images =
        torch::zeros({rows, p.height, p.width, p.channels}, in_memory).permute({0, 3, 1, 2});
    batch.labels = torch::full({rows}, -1, in_memory.dtype(torch::kInt64));
    if (targets_ > 0) batch.targets = torch::zeros({rows, targets_}, in_memory);
    open->rows_left = batch.count;
    return *open_.emplace(index, std::move(open)).first->second;
  }

  void fill_row(Batch& batch, std::int64_t row) {
    const std::int64_t sample = batch.samples[static_cast<std::size_t>(row)];
    try {
      const auto& p = options_.preprocessing;
      const Sample& known = samples_[static_cast<std::size_t>(sample)];
      const auto& contents = options_.contents;
      const cv::Mat decoded =
          decode_for(known, p, contents.empty() ? "" : contents[static_cast<std::size_t>(sample)]);
      const auto seed =
          mix_seed({options_.seed, options_.epoch, static_cast<std::uint64_t>(sample)});
      const cv::Mat image = options_.augment ? augment(decoded, *options_.augment, p, seed)
                                             : resize_and_crop(decoded, p);
      write_normalized(image, p,
                       batch.images.data_ptr<float>() + row * p.height * p.width * p.channels);
      batch.labels.data_ptr<std::int64_t>()[row] = known.label;
      if (targets_ > 0) {
        std::copy(known.targets.begin(), known.targets.end(),
                  batch.targets.data_ptr<float>() + row * targets_);
      }
    } catch (const DataError& error) {
      const std::lock_guard lock(mutex_);
      batch.broken.push_back({sample, error.what()});
    }
  }

  const std::string& path_of(std::int64_t sample) const {
    return samples_[static_cast<std::size_t>(sample)].path;
  }

  const std::vector<Sample> samples_;
  LoaderOptions options_;
  /// Numbers in a sample's targets.
  std::int64_t targets_ = 0;
  /// Whether every batch has `batch_size` rows.
  bool pads_ = true;
  std::mutex mutex_;
  std::condition_variable changed_;
  /// Batches being filled or ready, by index.
  std::map<std::int64_t, std::unique_ptr<OpenBatch>> open_;
  /// The row that a worker takes next.
  std::int64_t next_batch_ = 0;
  std::int64_t next_row_ = 0;
  std::int64_t next_delivered_ = 0;
  std::int64_t batches_taken_ = 0;
  std::exception_ptr failure_;
  bool stopping_ = false;
  WorkerThreads workers_;
};

Loader::Loader(std::vector<Sample> samples, LoaderOptions options)
    : implementation_(std::make_unique<Implementation>(std::move(samples), std::move(options))) {}

Loader::~Loader() = default;

std::int64_t Loader::batch_count() const { return implementation_->batch_count(); }

std::optional<Batch> Loader::next() { return implementation_->next(); }

}  // namespace transfer
