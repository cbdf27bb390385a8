#include "app/training/distillation.h"

namespace transfer {
namespace {

/// [n]: by how much each image counts, whose sum is Loss::weight().
torch::Tensor weights_of_images(const Loss& loss, const Truth& truth) {
  if (truth.targets.defined()) {
    const auto weighted =
        loss.class_weights.defined() ? truth.targets * loss.class_weights : truth.targets;
    return weighted.sum(1);
  }
  const auto counts = truth.labels.ge(0).to(torch::kFloat32);
  if (!loss.class_weights.defined()) return counts;
  return counts * loss.class_weights.index_select(0, truth.labels.clamp_min(0));
}

}  // namespace

LossSum distilled_sums(const Loss& loss, const Distillation& distillation,
                       const torch::Tensor& outputs, const Truth& truth,
                       const torch::Tensor& teacher) {
  const double temperature = distillation.temperature;
  const auto expected = (teacher / temperature).log_softmax(1);
  const auto found = (outputs / temperature).log_softmax(1);
  const auto divergence = (expected.exp() * (expected - found)).sum(1);
  const auto of_teacher =
      temperature * temperature * (weights_of_images(loss, truth) * divergence).sum();
  const auto sum =
      (1 - distillation.weight) * loss.sum(outputs, truth) + distillation.weight * of_teacher;
  return {sum, sum.detach()};
}

}  // namespace transfer
