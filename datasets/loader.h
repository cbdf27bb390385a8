#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/dataset.h"
#include "datasets/sampling.h"
#include "datasets/truth.h"

namespace transfer {

/// How a Loader turns samples into batches.
struct LoaderOptions {
  Preprocessing preprocessing;
  std::int64_t batch_size = 32;
  /// Threads that decode and augment.
  std::int64_t workers = 2;
  /// The samples in the order in which they come, as positions in the list; empty takes all in the
  /// order of the list. See epoch_order().
  std::vector<std::int64_t> order = {};
  /// Batches as parts of that order, exactly as long as they say; empty makes batches of
  /// `batch_size`, the last one padded. See batch_bounds().
  std::vector<BatchBounds> batches = {};
  /// Random changes; none when empty.
  std::optional<AugmentConfig> augment;
  /// Augmentation of sample i of the list is seeded by (seed, epoch, i).
  std::uint64_t seed = 0;
  std::uint64_t epoch = 0;
  /// Batches held ready or being filled at any time; bounds the memory.
  std::int64_t queue_batches = 4;
};

/// An image that could not be used, and why; `sample` is its position in the list.
struct BrokenImage {
  std::int64_t sample = 0;
  std::string reason;
};

/// Consecutive samples of the order, decoded. All tensors have the full batch size: rows past the
/// last sample, and rows of broken images, hold zeros and the label −1.
struct Batch {
  /// Position of the batch's first sample in the order.
  std::int64_t first = 0;
  /// Rows that belong to samples.
  std::int64_t count = 0;
  /// [batch_size,C,H,W] float32, normalised, channels-last in memory.
  torch::Tensor images;
  /// [batch_size] int64.
  torch::Tensor labels;
  /// [batch_size,K] float32: the samples' targets; undefined where they have none.
  torch::Tensor targets;
  /// Position in the list of samples of each row that belongs to one.
  std::vector<std::int64_t> samples;
  /// In the order of samples.
  std::vector<BrokenImage> broken;

  Truth truth() const { return {labels, targets}; }
};

/// Decodes and augments ahead in background threads. The content of the batches and their order
/// depend on neither the number of workers nor on timing.
class Loader {
 public:
  /// Starts the workers. Throws std::invalid_argument for a batch size or a queue below 1.
  /// REQUIRES: `batches` follow each other without a gap.
  Loader(std::vector<Sample> samples, LoaderOptions options);
  /// Stops and joins the workers; unread batches are dropped.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t batch_count() const;

  /// The next batch, or nothing after the last. May be called from several threads; each batch
  /// goes to one of them. An image that cannot be decoded is a BrokenImage; any other failure
  /// of a worker is thrown here as DataError with the image's name.
  std::optional<Batch> next();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
