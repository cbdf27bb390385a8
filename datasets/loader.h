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
  /// Which samples come, in which order, as positions in the list of samples; empty takes all of
  /// them in the order of the list. See epoch_order().
  std::vector<std::int64_t> order = {};
  /// The batches as parts of that order, each exactly as long as it says; empty makes batches of
  /// `batch_size` and pads the last one. See batch_bounds().
  std::vector<BatchBounds> batches = {};
  /// Random changes; empty makes none.
  std::optional<AugmentConfig> augment;
  /// The augmentation of sample i of the list is seeded by (seed, epoch, i).
  std::uint64_t seed = 0;
  std::uint64_t epoch = 0;
  /// What content_hash() gave for each sample of the list: an image whose bytes are others now is
  /// broken. Empty compares nothing.
  std::vector<std::string> contents = {};
  /// The most batches that are ready or being filled at any time; this bounds the memory.
  std::int64_t queue_batches = 4;
  /// Whether batches lie in pinned memory, from which a GPU copies them without the host. Only
  /// where LibTorch has a GPU: without one, allocating such memory throws. It cannot be swapped
  /// out.
  bool pin_memory = false;
};

/// An image that could not be decoded, and why; `sample` is its position in the list.
struct BrokenImage {
  std::int64_t sample = 0;
  std::string reason;
};

/// Consecutive samples of the order, decoded. Its R rows are `batch_size`, or its own length with
/// LoaderOptions::batches. Rows past the last sample, and of broken images, are 0 with label −1.
struct Batch {
  /// Position of the batch's first sample in the order.
  std::int64_t first = 0;
  /// Rows that belong to samples.
  std::int64_t count = 0;
  /// [R,C,H,W] float32, normalised, channels-last in memory.
  torch::Tensor images;
  /// [R] int64.
  torch::Tensor labels;
  /// [R,K] float32: the samples' targets; undefined where they have none.
  torch::Tensor targets;
  /// For each row that belongs to a sample, the sample's position in the list.
  std::vector<std::int64_t> samples;
  /// In the order of samples.
  std::vector<BrokenImage> broken;
  /// Where a network learns from a teacher, one of the two: the same images as the teacher is to
  /// see them, laid out as `images`, or the logits [R,classes] that it gave for them. A Loader
  /// leaves them undefined.
  torch::Tensor teacher_images = {};
  torch::Tensor teacher_logits = {};

  Truth truth() const { return {labels, targets}; }
};

/// Decodes and augments ahead in background threads. The batches and their order depend neither on
/// the number of workers nor on timing.
///
/// Thread-safe: any number of threads may call next() and batch_count() on one Loader at once, but
/// no call may still be running when the destructor starts. Any number of Loaders may exist side by
/// side; constructing one turns OpenCV's own threads off in the whole process.
class Loader {
 public:
  /// Starts the workers. Throws std::invalid_argument for a batch size or a queue below 1.
  /// REQUIRES: `options.batches` follow each other without a gap.
  Loader(std::vector<Sample> samples, LoaderOptions options);
  /// Stops and joins the workers; drops the batches that nobody took.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t batch_count() const;

  /// The next batch, which goes to this caller alone; nothing after the last. Waits until it is
  /// filled. An image that cannot be decoded is a BrokenImage in its batch; any other failure of a
  /// worker is a DataError with the image's name, here and in each later call for a batch.
  std::optional<Batch> next();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
