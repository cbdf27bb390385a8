#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>

#include "core/objective.h"

namespace transfer {

/// View number `view` (from 0 on) of images [N,C,H,W] as the network takes them:
///
/// 0. the images themselves
/// 1. their mirror images, left and right changed
/// 2. – 6. parts of 7/8 of each side, enlarged to the whole (bilinear): the centre, top left,
///    bottom right, top right, bottom left
/// 7. – 9. the mirror images of the first three of these parts
///
/// REQUIRES: 0 <= view < kMostTestTimeViews.
torch::Tensor test_time_view(const torch::Tensor& images, std::int64_t view);

/// Outputs [N,C] (logits, numbers) whose predictions are the mean of the predictions of several
/// views: of their probabilities by softmax or sigmoid, or of their numbers. Views are added one by
/// one; the first one alone gives its outputs back, without any rounding.
class MeanOfViews {
 public:
  explicit MeanOfViews(TargetKind kind) : kind_(kind) {}

  /// All of one shape.
  void add(const torch::Tensor& outputs);
  /// REQUIRES: something was added.
  torch::Tensor outputs() const;

 private:
  TargetKind kind_;
  std::int64_t count_ = 0;
  torch::Tensor first_;
  /// Classes: log Σ p. Labels: log Σ p, and log Σ (1 − p). Numbers: their sum.
  torch::Tensor sum_;
  torch::Tensor opposite_sum_;
};

/// The mean over `views` views of what `forward` (images → outputs [N,C]) says of images.
torch::Tensor outputs_of_views(const torch::Tensor& images, std::int64_t views, TargetKind kind,
                               const std::function<torch::Tensor(const torch::Tensor&)>& forward);

}  // namespace transfer
