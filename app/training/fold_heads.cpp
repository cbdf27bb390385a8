#include "app/training/fold_heads.h"

#include <torch/torch.h>

#include <vector>

#include "app/training/lbfgs.h"
#include "app/training/output_loss.h"
#include "core/cancellation.h"

namespace transfer {
namespace {

constexpr std::int64_t kFitIterations = 100;

}  // namespace

FoldHeads::FoldHeads(const Loss& loss, const FoldedImages& images, std::int64_t outputs,
                     double tolerance)
    : loss_(loss), images_(images), outputs_(outputs), tolerance_(tolerance) {
  const std::int64_t rows = images.truth.rows();
  const auto& options = images.features.options();
  const auto fold_numbers = torch::arange(images.count, images.folds.options()).unsqueeze(1);
  const auto counts = images.folds.ne(fold_numbers);  // [F,n]
  truth_ = images.truth.select(torch::arange(rows, images.folds.options()).repeat(images.count));
  truth_.labels.masked_fill_(counts.flatten().logical_not(), -1);
  std::vector<double> weights;
  for (std::int64_t fold = 0; fold < images.count; ++fold) {
    weights.push_back(loss.weight(truth_.narrow(fold * rows, rows)));
  }
  const auto share = torch::tensor(weights, torch::kFloat64);
  total_ = share.sum().item<double>();
  share_ = (share / total_).repeat_interleave(outputs).unsqueeze(1).to(options);
  if (loss.objective.targets() == TargetKind::kClass && !truth_.targets.defined()) {
    targets_ = cross_entropy_weights(loss, class_targets(truth_.labels, outputs))
                   .view({images.count, rows, outputs})
                   .transpose(1, 2)
                   .contiguous();
    target_sums_ = targets_.sum(1, /*keepdim=*/true);
  }
  const std::int64_t heads = images.count * outputs;
  weight_ = torch::zeros({heads, images.features.size(1)}, options).requires_grad_(true);
  bias_ = torch::zeros({heads, 1}, options).requires_grad_(true);
  weight_units_ = torch::ones_like(weight_);
  bias_units_ = torch::ones_like(bias_);
}

FoldHeads::LossOfOutputs FoldHeads::loss_of(const torch::Tensor& outputs) const {
  if (targets_.defined() && loss_.objective.loss != LossKind::kFocal) {
    const auto logarithms = class_logits(loss_, outputs).log_softmax(1);
    return {-targets_.flatten().dot(logarithms.flatten()).item<double>(),
            logarithms.exp().mul_(target_sums_).sub_(targets_)};
  }
  torch::AutoGradMode with_gradients(true);
  const auto leaf = outputs.detach().requires_grad_(true);
  const auto sum = loss_.sum(leaf.transpose(1, 2).reshape({-1, outputs_}), truth_);
  return {sum.item<double>(), torch::autograd::grad({sum}, {leaf}).front()};
}

torch::Tensor FoldHeads::curvature_of(const torch::Tensor& outputs) const {
  if (targets_.defined()) {
    const auto logarithms = class_logits(loss_, outputs).log_softmax(1);
    const auto p = logarithms.exp();
    const auto weights = loss_.objective.loss == LossKind::kFocal
                             ? (targets_ * focal_factors(loss_, logarithms)).sum(1, true)
                             : target_sums_;
    return p * (1.0 - p) * weights;
  }
  const auto counts = truth_.labels.ge(0).view({images_.count, 1, -1}).to(outputs.options());
  if (loss_.objective.targets() == TargetKind::kLabels) {
    const auto p = outputs.sigmoid();
    return p * (1.0 - p) * counts;
  }
  return (counts * (2.0 / static_cast<double>(outputs_))).expand_as(outputs);
}

torch::Tensor FoldHeads::outputs() const {
  return torch::addmm(bias_ * bias_units_, weight_ * weight_units_, images_.features.t())
      .view({images_.count, outputs_, -1});
}

void FoldHeads::choose_units(double weight_decay) {
  const auto curvature = curvature_of(outputs()).reshape({weight_.size(0), -1}) / total_;
  const auto of_weights = curvature.matmul(images_.features.square()) + weight_decay * share_;
  const auto of_biases = curvature.sum(1, /*keepdim=*/true);
  const auto weight_units = of_weights.clamp_min(kLeastCurvature).rsqrt();
  const auto bias_units = of_biases.clamp_min(kLeastCurvature).rsqrt();
  weight_.mul_(weight_units_ / weight_units);
  bias_.mul_(bias_units_ / bias_units);
  weight_units_ = weight_units;
  bias_units_ = bias_units;
}

torch::Tensor FoldHeads::fit(double weight_decay) {
  torch::NoGradGuard no_gradients;
  choose_units(weight_decay);
  const auto penalty = weight_decay * share_ * weight_units_.square();
  const auto objective = [&] {
    throw_if_stopped();
    const torch::NoGradGuard no_gradients_here;
    const auto loss = loss_of(outputs());
    const auto by_outputs = loss.gradient.reshape({weight_.size(0), -1}) / total_;
    const auto of_penalty = penalty * weight_;
    weight_.mutable_grad() =
        by_outputs.matmul(images_.features).mul_(weight_units_).add_(of_penalty);
    bias_.mutable_grad() = by_outputs.sum(1, /*keepdim=*/true).mul_(bias_units_);
    return loss.sum / total_ + 0.5 * of_penalty.flatten().dot(weight_.flatten()).item<double>();
  };
  minimize_by_lbfgs({weight_, bias_}, objective, kFitIterations, tolerance_);
  const auto own_fold = images_.folds.view({1, 1, -1}).expand({1, outputs_, -1});
  return outputs().gather(0, own_fold).squeeze(0).t().contiguous();
}

}  // namespace transfer
