#include "app/training/loss.h"

#include <torch/torch.h>

#include <stdexcept>

namespace transfer {
namespace {

LossSum same(const torch::Tensor& sum) { return {sum, sum.detach()}; }

torch::Tensor hard_cross_entropy(const Loss& loss, const torch::Tensor& logits,
                                 const torch::Tensor& labels) {
  return at::cross_entropy_loss(class_logits(loss, logits), labels, loss.class_weights,
                                at::Reduction::Sum, /*ignore_index=*/-1, loss.label_smoothing);
}

torch::Tensor soft_cross_entropy(const Loss& loss, const torch::Tensor& logits,
                                 const torch::Tensor& targets) {
  const auto weights = cross_entropy_weights(loss, targets);
  return -(weights * class_logits(loss, logits.to(torch::kFloat32)).log_softmax(1)).sum();
}

torch::Tensor focal(const Loss& loss, const torch::Tensor& logits, const Truth& truth) {
  const auto targets =
      truth.targets.defined() ? truth.targets : class_targets(truth.labels, logits.size(1));
  const auto logarithms = logits.log_softmax(1);
  return -(cross_entropy_weights(loss, targets) * focal_factors(loss, logarithms) * logarithms)
              .sum();
}

/// [C] float32: how many of the labels are each class.
torch::Tensor images_of_classes(const torch::Tensor& labels, std::int64_t classes) {
  return labels.masked_select(labels.ge(0))
      .bincount(/*weights=*/{}, /*minlength=*/classes)
      .to(torch::kFloat32);
}

/// [n,1]: 1 for rows that count, else 0.
torch::Tensor counting(const Truth& truth) {
  return truth.labels.ge(0).to(torch::kFloat32).unsqueeze(1);
}

torch::Tensor binary_cross_entropy(const torch::Tensor& logits, const Truth& truth) {
  const auto each =
      at::binary_cross_entropy_with_logits(logits, truth.targets, {}, {}, at::Reduction::None);
  return (each * counting(truth)).sum();
}

[[noreturn]] void throw_no_regression(const Objective& objective) {
  throw std::logic_error("no loss for regression: " + std::string(name_of(objective.loss)));
}

/// [n,K]: the loss of each output in the targets' units.
torch::Tensor regression_errors(const Objective& objective, const torch::Tensor& values,
                                const torch::Tensor& targets) {
  switch (objective.loss) {
    case LossKind::kMeanSquaredError: return at::mse_loss(values, targets, at::Reduction::None);
    case LossKind::kMeanAbsoluteError: return at::l1_loss(values, targets, at::Reduction::None);
    case LossKind::kHuber:
      return at::huber_loss(values, targets, at::Reduction::None, objective.huber_delta);
    case LossKind::kCrossEntropy:
    case LossKind::kFocal:
    case LossKind::kLogitAdjusted:
    case LossKind::kBinaryCrossEntropy: break;
  }
  throw_no_regression(objective);
}

/// [K]: the loss of an error of one standard deviation.
torch::Tensor typical_errors(const Objective& objective, const torch::Tensor& standard_deviation) {
  switch (objective.loss) {
    case LossKind::kMeanSquaredError: return standard_deviation.square();
    case LossKind::kMeanAbsoluteError: return standard_deviation;
    case LossKind::kHuber:
      return standard_deviation * standard_deviation.clamp_max(objective.huber_delta);
    case LossKind::kCrossEntropy:
    case LossKind::kFocal:
    case LossKind::kLogitAdjusted:
    case LossKind::kBinaryCrossEntropy: break;
  }
  throw_no_regression(objective);
}

LossSum regression(const Loss& loss, const torch::Tensor& outputs, const Truth& truth) {
  const auto values = loss.target_scaling.in_units(outputs);
  const auto errors = regression_errors(loss.objective, values, truth.targets) * counting(truth) /
                      static_cast<double>(outputs.size(1));
  if (loss.target_scaling.is_identity()) return same(errors.sum());
  const auto sizes = typical_errors(loss.objective, loss.target_scaling.standard_deviation);
  return {(errors / sizes).sum(), errors.detach().sum()};
}

}  // namespace

LossSum Loss::sums(const torch::Tensor& outputs, const Truth& truth) const {
  switch (objective.loss) {
    case LossKind::kFocal: return same(focal(*this, outputs, truth));
    case LossKind::kCrossEntropy:
    case LossKind::kLogitAdjusted:
      return same(truth.targets.defined() ? soft_cross_entropy(*this, outputs, truth.targets)
                                          : hard_cross_entropy(*this, outputs, truth.labels));
    case LossKind::kBinaryCrossEntropy: return same(binary_cross_entropy(outputs, truth));
    case LossKind::kMeanSquaredError:
    case LossKind::kMeanAbsoluteError:
    case LossKind::kHuber: return regression(*this, outputs, truth);
  }
  throw std::logic_error("not a loss");
}

Loss Loss::to(torch::Device device) const {
  Loss there = *this;
  for (torch::Tensor* tensor : {&there.class_weights, &there.target_scaling.mean,
                                &there.target_scaling.standard_deviation, &there.logit_offsets}) {
    if (tensor->defined()) *tensor = tensor->to(device);
  }
  return there;
}

torch::Tensor class_targets(const torch::Tensor& labels, std::int64_t classes) {
  const auto counts = labels.ge(0).unsqueeze(1).to(torch::kFloat32);
  return torch::zeros({labels.size(0), classes}, counts.options())
      .scatter_(1, labels.clamp_min(0).unsqueeze(1), counts);
}

torch::Tensor cross_entropy_weights(const Loss& loss, const torch::Tensor& targets) {
  const auto classes = static_cast<double>(targets.size(1));
  // A row's smoothing is proportional to its sum: 1, or 0 for a row that does not count.
  auto weights = targets * (1.0 - loss.label_smoothing) +
                 targets.sum(1, /*keepdim=*/true) * (loss.label_smoothing / classes);
  if (loss.class_weights.defined()) weights = weights * loss.class_weights;
  return weights;
}

torch::Tensor class_logits(const Loss& loss, const torch::Tensor& outputs, std::int64_t dimension) {
  if (!loss.logit_offsets.defined()) return outputs;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(outputs.dim()), 1);
  shape[static_cast<std::size_t>(dimension)] = -1;
  return outputs + loss.logit_offsets.view(shape);
}

torch::Tensor focal_factors(const Loss& loss, const torch::Tensor& logarithms) {
  if (loss.objective.loss != LossKind::kFocal) return torch::ones_like(logarithms);
  // 1 − p without the loss of digits near p = 1, and with a finite slope there for every gamma.
  constexpr double kSmallest = 1e-12;
  return logarithms.expm1().neg().clamp_min(kSmallest).pow(loss.objective.focal_gamma);
}

double Loss::weight(const Truth& truth) const {
  if (objective.targets() == TargetKind::kClass && truth.targets.defined()) {
    const auto weighted = class_weights.defined()
                              ? truth.targets * class_weights.to(truth.targets.device())
                              : truth.targets;
    return weighted.sum().item<double>();
  }
  const auto counted = truth.labels.masked_select(truth.labels.ge(0));
  if (!class_weights.defined()) return static_cast<double>(counted.size(0));
  return class_weights.index_select(0, counted.to(class_weights.device())).sum().item<double>();
}

Loss training_loss(const Config& config, const Truth& train, std::int64_t classes,
                   torch::Device device) {
  Loss loss;
  loss.objective = objective_of(config);
  loss.label_smoothing = config.head.label_smoothing;
  if (config.head.class_weights == ClassWeights::kAuto) {
    loss.class_weights = balanced_class_weights(train.labels, classes).to(device);
  }
  if (loss.objective.loss == LossKind::kLogitAdjusted) {
    const auto shares = log_class_shares(train.labels, classes);
    loss.logit_offsets = (loss.objective.logit_adjustment * shares).to(device);
  }
  if (loss.objective.targets() == TargetKind::kValues) {
    loss.target_scaling = measure_target_scaling(train, device);
  }
  return loss;
}

torch::Tensor balanced_class_weights(const torch::Tensor& labels, std::int64_t classes) {
  const auto counts = images_of_classes(labels, classes);
  return counts.sum() / (static_cast<double>(classes) * counts.clamp_min(1.0));
}

torch::Tensor log_class_shares(const torch::Tensor& labels, std::int64_t classes) {
  const auto counts = images_of_classes(labels, classes).clamp_min(1.0);
  return (counts / counts.sum()).log();
}

}  // namespace transfer
