#include "app/training/estimated_score.h"

#include <cmath>

namespace transfer {
namespace {

/// From what each image contributes, [n] float64 of mean `value`.
EstimatedScore from_parts(const torch::Tensor& parts) {
  const double value = parts.mean().item<double>();
  const double standard_deviation = (parts - value).square().mean().sqrt().item<double>();
  return {value, standard_deviation / std::sqrt(static_cast<double>(parts.size(0))), parts};
}

/// Whether every part says "right" or "wrong", or for a difference which of two is right alone.
bool counts_images(const torch::Tensor& parts) {
  return parts.eq(parts.round()).all().item<bool>();
}

/// As from_parts, with the standard error of Agresti and Coull, "Approximate Is Better than 'Exact'
/// for Interval Estimation of Binomial Proportions" (1998): as if two more images were right and
/// two wrong. Without them ten right images out of ten would leave no doubt.
EstimatedScore from_right_images(const torch::Tensor& parts) {
  EstimatedScore score = from_parts(parts);
  const auto images = static_cast<double>(parts.size(0)) + 4;
  const double share = (score.value * static_cast<double>(parts.size(0)) + 2) / images;
  score.standard_error = std::sqrt(share * (1 - share) / images);
  return score;
}

/// As from_parts, with the standard error of Agresti and Min, "Simple Improved Confidence Intervals
/// for Comparing Matched Proportions" (2005): as if each of the two were right alone on half an
/// image more, and both right and both wrong on as much.
EstimatedScore from_right_alone(const torch::Tensor& parts) {
  EstimatedScore score = from_parts(parts);
  const auto images = static_cast<double>(parts.size(0)) + 2;
  const double alone = parts.abs().sum().item<double>() + 1;
  const double lead = parts.sum().item<double>();
  score.standard_error = std::sqrt(alone - lead * lead / images) / images;
  return score;
}

EstimatedScore right_labels(const torch::Tensor& logits, const torch::Tensor& targets) {
  if (targets.sum(1).eq(1).all().item<bool>()) {
    return from_right_images(logits.argmax(1).eq(targets.argmax(1)).to(torch::kFloat64));
  }
  return from_parts(logits.ge(0).eq(targets.ge(0.5)).to(torch::kFloat64).mean(1));
}

EstimatedScore r_squared(const torch::Tensor& outputs, const torch::Tensor& truth) {
  const auto targets = truth.to(torch::kFloat64);
  const auto errors = (outputs.to(torch::kFloat64) - targets).square();
  const auto spread = (targets - targets.mean(0)).square();
  const auto variance = spread.mean(0).clamp_min(1e-300);
  const auto unexplained = errors.mean(0) / variance;
  const auto influence = ((errors - unexplained * spread) / variance).mean(1);
  return from_parts(1.0 - unexplained.mean() - influence);
}

}  // namespace

EstimatedScore estimate_score(const Objective& objective, const torch::Tensor& outputs,
                              const Truth& truth) {
  switch (objective.targets()) {
    case TargetKind::kClass:
      return from_right_images(outputs.argmax(1).eq(truth.labels).to(torch::kFloat64));
    case TargetKind::kLabels: return right_labels(outputs, truth.targets);
    case TargetKind::kValues: break;
  }
  return r_squared(outputs, truth.targets);
}

EstimatedScore paired_difference(const EstimatedScore& score, const EstimatedScore& other) {
  const auto parts = score.parts - other.parts;
  return counts_images(parts) ? from_right_alone(parts) : from_parts(parts);
}

ScoreName estimated_score_name(const Objective& objective) {
  switch (objective.targets()) {
    case TargetKind::kClass: return kAccuracy;
    case TargetKind::kLabels: return kLabelAccuracy;
    case TargetKind::kValues: break;
  }
  return kR2;
}

}  // namespace transfer
