#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "app/compute/device_copies.h"
#include "app/compute/process_group.h"

namespace transfer {

/// What the exchange of gradients has cost one process.
struct ReductionCost {
  std::int64_t steps = 0;
  /// Of summed gradients, over all steps.
  std::int64_t bytes = 0;
  /// Spent waiting for sums after backward.
  double seconds_waiting = 0;
};

/// Sums gradients over a group of processes while backward still computes others (Li et al. 2020,
/// "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", VLDB 13): the
/// parameters are divided into buckets, those of the last layers first, since their gradients are
/// complete first. A bucket is a flat buffer in host memory. Its sum begins when all its gradients
/// are complete and the sums of all buckets before it have begun; the hook that LibTorch calls for
/// every complete gradient also advances the sums in progress. Gradients of a GPU are put together
/// there; a complete bucket goes to the host in one copy, beside backward, and its sum begins at
/// the next hook that finds it there.
class GradientBuckets {
 public:
  /// `parameters` of one device in the order of the layers, the same in all processes. Each bucket
  /// but the last takes parameters until it has at least `bytes` bytes. REQUIRES: all require
  /// gradients, and no other object hooks them.
  GradientBuckets(ProcessGroup& group, std::vector<torch::Tensor> parameters, std::int64_t bytes);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  /// Called before the backward pass that completes a step's gradients.
  void begin();
  /// Sends the remaining buckets, waits, and writes the sums to the gradients. Afterwards a
  /// parameter has a gradient if it had one in any process. Does nothing without begin(). Throws
  /// what Pending::wait() throws.
  void finish();

  std::size_t count() const;
  /// Buckets whose sum began before finish(), in the last step.
  std::size_t sent_early() const { return sent_early_; }
  const ReductionCost& cost() const { return cost_; }

 private:
  class Hook;
  struct Bucket;

  void arrived(std::size_t parameter);
  /// Makes the buffers of a bucket that knows its parameters.
  void make_buffers(Bucket& bucket) const;
  void send_complete();
  /// Completes a bucket with what has not arrived and begins to copy it to the host.
  void send(Bucket& bucket);
  /// Begins the sums of sent buckets in their order, up to the first one that is not on the host
  /// yet; `waits` waits for it.
  void begin_sums(bool waits);
  void put_back(Bucket& bucket);

  ProcessGroup& group_;
  std::vector<torch::Tensor> parameters_;
  std::vector<Bucket> buckets_;
  /// The bucket of each parameter, and its place there.
  std::vector<std::pair<std::size_t, std::size_t>> places_;
  /// For a GPU's gradients; none on the CPU.
  std::optional<CopyStream> copies_;
  /// Buckets that are complete, and those of them whose sum has begun.
  std::size_t sent_ = 0;
  std::size_t summing_ = 0;
  std::size_t sent_early_ = 0;
  bool is_begun_ = false;
  ReductionCost cost_;
};

}  // namespace transfer
