#pragma once

#include <torch/types.h>

#include "configs/config.h"

namespace transfer {

/// Softmax cross-entropy with class weights and label smoothing, as torch.nn.CrossEntropyLoss
/// defines it. Kept as a sum and a weight, so that it can be taken over parts of the data: the mean
/// is Σ sum / Σ weight.
struct CrossEntropy {
  double label_smoothing = 0;
  /// [C]; undefined weighs all classes alike.
  torch::Tensor class_weights;

  /// logits [n,C], labels [n] with −1 for rows that do not count → scalar.
  torch::Tensor sum(const torch::Tensor& logits, const torch::Tensor& labels) const;
  /// The number that the sum over the same labels is divided by.
  double weight(const torch::Tensor& labels) const;

  /// The same for targets [n,C], the parts of the classes in each row; a row of zeros does not
  /// count. Both are linear in the targets, so that for λ·a + (1 − λ)·b they are λ times that of
  /// the labels a and 1 − λ times that of the labels b (Zhang et al. 2018).
  torch::Tensor soft_sum(const torch::Tensor& logits, const torch::Tensor& targets) const;
  double soft_weight(const torch::Tensor& targets) const;
};

/// The loss that the head's settings ask for; class weights `auto` are those of `labels`. The
/// weights lie on `device`.
CrossEntropy training_loss(const HeadConfig& config, const torch::Tensor& labels,
                           std::int64_t classes, torch::Device device);

/// Weights in inverse proportion to the classes' numbers of pictures: N / (C · n_c), as
/// scikit-learn's "balanced". labels [N], −1 left out.
torch::Tensor balanced_class_weights(const torch::Tensor& labels, std::int64_t classes);

}  // namespace transfer
