#pragma once

#include <torch/types.h>

#include "app/training/target_scaling.h"
#include "configs/config.h"
#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// A loss over some images, to be divided by Loss::weight() for the mean.
struct LossSum {
  /// Scalar, differentiable: what training minimises.
  torch::Tensor objective;
  /// Scalar without gradient: the same in the targets' own units, for people. The two differ for
  /// scaled targets only.
  torch::Tensor in_units;
};

/// The loss of a network's outputs [n,C], as a sum and a weight, so that it can be taken over parts
/// of the data: the mean is Σ sum / Σ weight. Rows with the label −1 do not count.
///
/// - cross_entropy: softmax against the class, or against the parts of the classes where the truth
///   has targets; as torch.nn.CrossEntropyLoss.
/// - focal: the same, but each −log p counts (1 − p)^gamma (Lin et al. 2017, "Focal Loss for Dense
///   Object Detection"); class weights are the paper's alpha.
/// - logit_adjusted: cross_entropy of the outputs plus `logit_offsets` (Menon et al. 2021,
///   "Long-tail learning via logit adjustment"). Predictions are made by the outputs alone.
/// - binary_cross_entropy: one sigmoid per output, −Σ_c t log p + (1 − t) log(1 − p), summed over
///   the outputs. Targets (1,1,0) against probabilities (0.8,0.7,0.1) give 0.69.
/// - mse, mae, huber: as torch.nn.MSELoss, L1Loss and HuberLoss, the mean over the outputs.
///
/// Mixed images (Zhang et al. 2018) have mixed targets, whatever the loss.
struct Loss {
  Objective objective = {};
  /// One class per image: label smoothing, 0–1, and class weights [C]; undefined means equal
  /// weights.
  double label_smoothing = 0;
  torch::Tensor class_weights = {};
  /// mse, mae, huber: the outputs are for scaled targets. All columns then have equal weight: the
  /// loss of each is divided by that of an error of one standard deviation.
  TargetScaling target_scaling = {};
  /// logit_adjusted: tau · log of each class's share of the training images [C].
  torch::Tensor logit_offsets = {};

  LossSum sums(const torch::Tensor& outputs, const Truth& truth) const;
  /// The objective alone.
  torch::Tensor sum(const torch::Tensor& outputs, const Truth& truth) const {
    return sums(outputs, truth).objective;
  }
  /// The divisor of the sum over the same images for their mean loss. On the CPU alone where the
  /// truth and this loss (see to()) lie there.
  double weight(const Truth& truth) const;

  /// The same loss with its tensors on `device`.
  Loss to(torch::Device device) const;
  /// The loss for evaluation: without smoothing and class weights.
  Loss plain() const { return {objective, 0, {}, target_scaling, logit_offsets}; }
};

/// [n,C] float32 on the labels' device: 1 at each row's class, zeros for a row with the label −1.
torch::Tensor class_targets(const torch::Tensor& labels, std::int64_t classes);

/// Cross-entropy is Σ w · −log p over the classes. Returns w for targets [n,C] (1 for an image's
/// class, or fractions of several), with the label smoothing and class weights of `loss`. Rows of
/// zeros stay zeros.
torch::Tensor cross_entropy_weights(const Loss& loss, const torch::Tensor& targets);

/// The logits that a loss for one class per image takes the softmax of: the outputs, or for
/// logit_adjusted the outputs with its offsets. The classes lie along `dimension`.
torch::Tensor class_logits(const Loss& loss, const torch::Tensor& outputs,
                           std::int64_t dimension = 1);

/// By how much each −log p counts, of log p: 1 for all losses but the focal one.
torch::Tensor focal_factors(const Loss& loss, const torch::Tensor& logarithms);

/// The loss that the configuration asks for; class weights `auto`, the offsets of logits and
/// the scaling of targets are measured on `train`. Its tensors lie on `device`.
Loss training_loss(const Config& config, const Truth& train, std::int64_t classes,
                   torch::Device device);

/// Weights in inverse proportion to the classes' numbers of images: N / (C · n_c), as
/// scikit-learn's "balanced". labels [N], −1 left out.
torch::Tensor balanced_class_weights(const torch::Tensor& labels, std::int64_t classes);

/// log(n_c / N) for each class [C], as if a class without images had one. labels [N], −1 left out.
torch::Tensor log_class_shares(const torch::Tensor& labels, std::int64_t classes);

}  // namespace transfer
