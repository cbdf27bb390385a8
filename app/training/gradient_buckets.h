#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "app/compute/process_group.h"

namespace transfer {

/// What the processes' exchange of gradients has cost one of them.
struct ReductionCost {
  std::int64_t steps = 0;
  /// Of gradients that were summed, all steps together.
  std::int64_t bytes = 0;
  /// Spent waiting for sums once backward was over.
  double seconds_waiting = 0;
};

/// Sums gradients over a group of processes while backward still computes others (Li et al. 2020,
/// "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", VLDB 13): the
/// parameters are divided into buckets, the last layers' first, since theirs are complete first. A
/// bucket is a flat buffer in host memory, whose sum begins when all its gradients are there and
/// all buckets before it have begun; the hook that LibTorch calls for every complete gradient also
/// moves on the sums that are under way.
class GradientBuckets {
 public:
  /// `parameters` in the order of the layers, the same in all processes; each bucket but the last
  /// begun takes parameters until it has at least so many bytes. REQUIRES: all require gradients,
  /// and no other object hooks them.
  GradientBuckets(ProcessGroup& group, std::vector<torch::Tensor> parameters, std::int64_t bytes);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  /// The next backward completes a step's gradients.
  void begin();
  /// Sends what is not sent, waits, and puts the sums into the gradients. A parameter has one
  /// afterwards if it had in any process. Nothing without begin(). Throws as Pending::wait().
  void finish();

  std::size_t count() const;
  /// Buckets whose sum began before finish(), in the last step.
  std::size_t sent_early() const { return sent_early_; }
  const ReductionCost& cost() const { return cost_; }

 private:
  class Hook;
  struct Bucket;

  void arrived(std::size_t parameter);
  void send_complete();
  void send(Bucket& bucket);
  void put_back(Bucket& bucket);

  ProcessGroup& group_;
  std::vector<torch::Tensor> parameters_;
  std::vector<Bucket> buckets_;
  /// The bucket of each parameter, and its place there.
  std::vector<std::pair<std::size_t, std::size_t>> places_;
  /// Buckets whose sum has begun.
  std::size_t sent_ = 0;
  std::size_t sent_early_ = 0;
  bool is_begun_ = false;
  ReductionCost cost_;
};

}  // namespace transfer
