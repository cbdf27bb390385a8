#include "app/training/loss.h"

namespace transfer {

torch::Tensor CrossEntropy::sum(const torch::Tensor& logits, const torch::Tensor& labels) const {
  return at::cross_entropy_loss(logits, labels, class_weights, at::Reduction::Sum,
                                /*ignore_index=*/-1, label_smoothing);
}

double CrossEntropy::weight(const torch::Tensor& labels) const {
  const auto counted = labels.masked_select(labels.ge(0));
  if (!class_weights.defined()) return static_cast<double>(counted.size(0));
  return class_weights.index_select(0, counted.to(class_weights.device())).sum().item<double>();
}

torch::Tensor CrossEntropy::soft_sum(const torch::Tensor& logits,
                                     const torch::Tensor& targets) const {
  const auto classes = static_cast<double>(logits.size(1));
  // A row's smoothing is shared out in proportion to its sum: 1, or 0 for a row that does not
  // count.
  auto weights = targets * (1.0 - label_smoothing) +
                 targets.sum(1, /*keepdim=*/true) * (label_smoothing / classes);
  if (class_weights.defined()) weights = weights * class_weights;
  return -(weights * logits.to(torch::kFloat32).log_softmax(1)).sum();
}

double CrossEntropy::soft_weight(const torch::Tensor& targets) const {
  const auto weighted = class_weights.defined() ? targets * class_weights : targets;
  return weighted.sum().item<double>();
}

CrossEntropy training_loss(const HeadConfig& config, const torch::Tensor& labels,
                           std::int64_t classes, torch::Device device) {
  CrossEntropy loss;
  loss.label_smoothing = config.label_smoothing;
  if (config.class_weights == "auto") {
    loss.class_weights = balanced_class_weights(labels, classes).to(device);
  }
  return loss;
}

torch::Tensor balanced_class_weights(const torch::Tensor& labels, std::int64_t classes) {
  const auto counts = labels.masked_select(labels.ge(0))
                          .bincount(/*weights=*/{}, /*minlength=*/classes)
                          .to(torch::kFloat32);
  return counts.sum() / (static_cast<double>(classes) * counts.clamp_min(1.0));
}

}  // namespace transfer
