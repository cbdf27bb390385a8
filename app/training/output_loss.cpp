#include "app/training/output_loss.h"

#include <torch/torch.h>

namespace transfer {
namespace {

bool is_against_classes(const Loss& loss, const Truth& truth) {
  return loss.objective.targets() == TargetKind::kClass && !truth.targets.defined() &&
         loss.objective.loss != LossKind::kFocal;
}

/// The weight of each output's −log p.
torch::Tensor weights_of(const Loss& loss, const torch::Tensor& outputs, const Truth& truth) {
  return cross_entropy_weights(loss, truth.targets.defined()
                                         ? truth.targets * truth.labels.ge(0).unsqueeze(1)
                                         : class_targets(truth.labels, outputs.size(1)));
}

}  // namespace

OutputLoss output_loss(const Loss& loss, const torch::Tensor& outputs, const Truth& truth) {
  if (is_against_classes(loss, truth)) {
    const torch::NoGradGuard no_gradients;
    const auto logarithms = class_logits(loss, outputs).log_softmax(1);
    const auto targets = weights_of(loss, outputs, truth);
    const auto sum = -(targets * logarithms).sum(torch::kFloat64);
    return {sum, sum, logarithms.exp().mul_(targets.sum(1, /*keepdim=*/true)).sub_(targets)};
  }
  torch::AutoGradMode with_gradients(true);
  const auto leaf = outputs.detach().requires_grad_(true);
  const auto sums = loss.sums(leaf, truth);
  const auto gradient = torch::autograd::grad({sums.objective}, {leaf}).front();
  return {sums.objective.detach(), sums.in_units.detach(), gradient};
}

torch::Tensor output_curvature(const Loss& loss, const torch::Tensor& outputs, const Truth& truth) {
  const torch::NoGradGuard no_gradients;
  if (loss.objective.targets() == TargetKind::kClass) {
    const auto logarithms = class_logits(loss, outputs).log_softmax(1);
    const auto p = logarithms.exp();
    const auto weights = weights_of(loss, outputs, truth) * focal_factors(loss, logarithms);
    return p * (1.0 - p) * weights.sum(1, /*keepdim=*/true);
  }
  const auto counts = truth.labels.ge(0).unsqueeze(1).to(outputs.options());
  if (loss.objective.targets() == TargetKind::kLabels) {
    const auto p = outputs.sigmoid();
    return p * (1.0 - p) * counts;
  }
  return (counts * (2.0 / static_cast<double>(outputs.size(1)))).expand_as(outputs);
}

}  // namespace transfer
