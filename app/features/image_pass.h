#pragma once

#include <torch/types.h>

#include <functional>
#include <string>
#include <vector>

#include "datasets/loader.h"

namespace transfer {

class Progress;

/// One pass of a network over a list of images, or over those that `loader.order` names.
struct ImagePass {
  std::vector<Sample> samples;
  LoaderOptions loader = {};
  torch::Device device = torch::kCPU;
  /// Threads for arithmetic. On the CPU several batches go through the network side by side, one
  /// thread each, which is faster than one batch at a time with all threads.
  std::int64_t threads = 1;
  /// Names the work where progress is shown.
  std::string title;
  /// Whether a line says when it is done.
  bool tells_end = true;
  /// Progress of longer work that this pass is a part of; nullptr gives the pass its own.
  Progress* progress = nullptr;
  /// Gives each stream a single thread even if there are fewer batches than threads, so that no
  /// result depends on the number of batches.
  bool uses_one_thread_per_stream = false;
};

/// Number of batches of a pass that go through the network at the same time.
std::int64_t streams_of_pass(torch::Device device, std::int64_t threads, std::int64_t images,
                             std::int64_t batch_size);

/// Runs `forward` (images [N,C,H,W] → [N,D]) over all images and hands each batch's result to
/// `store` together with the batch. Both are called from several threads at once, `store` for
/// separate batches. Returns the broken images in order. Throws what either throws, and
/// Interrupted.
std::vector<BrokenImage> run_over_images(
    const ImagePass& pass, const std::function<torch::Tensor(const torch::Tensor&)>& forward,
    const std::function<void(const Batch&, const torch::Tensor&)>& store);

}  // namespace transfer
