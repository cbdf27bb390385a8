#include "app/training/head_objective.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "app/training/output_loss.h"
#include "app/training/principal_axes.h"
#include "app/training/train_score.h"
#include "core/cancellation.h"

namespace transfer {
namespace {

/// Rows that go through the head at a time; bounds the memory for their outputs.
constexpr std::int64_t kRowsAtOnce = 4096;

/// The axes of all views' features; nothing where they are too many or the features are not kept,
/// so that turning them would cost as much as a step each time.
std::optional<PrincipalAxes> axes_of(const FeatureSet& train, const ScaledFeatures& features) {
  if (!features.are_kept()) return std::nullopt;
  const auto views = static_cast<std::int64_t>(train.views.size());
  const std::int64_t rows = train.rows();
  return principal_axes(
      rows * views, train.views.front().dimension(), [&](std::int64_t first, std::int64_t count) {
        std::vector<torch::Tensor> parts;
        for (const std::int64_t end = first + count; first < end;) {
          const std::int64_t row = first % rows;
          const std::int64_t part = std::min(rows - row, end - first);
          parts.push_back(features.scaled(static_cast<std::size_t>(first / rows), row, part));
          first += part;
        }
        return parts.size() == 1 ? parts.front() : torch::cat(parts);
      });
}

}  // namespace

HeadObjective::HeadObjective(const HeadProblem& problem, const Head& start)
    : problem_(problem), features_(problem.train, problem.scaling, problem.device) {
  const torch::NoGradGuard no_gradients;
  total_ =
      problem.loss.weight(problem.train.truth()) * static_cast<double>(problem.train.views.size());
  const LinearLayer& layer = start.last();
  torch::Tensor weight = layer.weight.detach();
  if (const auto axes = axes_of(problem.train, features_)) {
    basis_ = axes->basis;
    features_.turn_to(basis_);
    weight = weight.matmul(basis_);
  }
  weight_ = weight.clone().requires_grad_(true);
  bias_ = layer.bias.detach().clone().requires_grad_(true);
  weight_units_ = torch::ones_like(weight);
  bias_units_ = torch::ones_like(bias_);
  choose_units();
}

template <typename Use>
void HeadObjective::for_all_rows(const Use& use) {
  const FeatureSet& train = problem_.train;
  for (std::size_t view = 0; view < train.views.size(); ++view) {
    for (std::int64_t first = 0; first < train.rows(); first += kRowsAtOnce) {
      throw_if_stopped();
      const std::int64_t count = std::min(kRowsAtOnce, train.rows() - first);
      use(features_.rows(view, first, count),
          train.truth().narrow(first, count).to(problem_.device));
    }
  }
}

void HeadObjective::choose_units() {
  const torch::NoGradGuard no_gradients;
  const auto weight = weight_ * weight_units_;
  const auto bias = bias_ * bias_units_;
  auto of_weights = torch::zeros_like(weight);
  auto of_biases = torch::zeros_like(bias);
  for_all_rows([&](const torch::Tensor& features, const Truth& truth) {
    const auto outputs = torch::addmm(bias, features, weight.t());
    const auto curvature = output_curvature(problem_.loss, outputs, truth);
    of_weights.addmm_(curvature.t(), features.square());
    of_biases.add_(curvature.sum(0));
  });
  of_weights.div_(total_).add_(problem_.weight_decay);
  of_biases.div_(total_);
  weight_units_ = of_weights.clamp_min_(kLeastCurvature).rsqrt_();
  bias_units_ = of_biases.clamp_min_(kLeastCurvature).rsqrt_();
  weight_.copy_(weight / weight_units_);
  bias_.copy_(bias / bias_units_);
}

double HeadObjective::evaluate() {
  const torch::NoGradGuard no_gradients;
  const auto weight = weight_ * weight_units_;
  const auto bias = bias_ * bias_units_;
  auto by_weights = torch::zeros_like(weight);
  auto by_biases = torch::zeros_like(bias);
  auto sum = torch::zeros({}, weight.options().dtype(torch::kFloat64));
  auto sum_in_units = torch::zeros_like(sum);
  score_sums_.reset();
  for_all_rows([&](const torch::Tensor& features, const Truth& truth) {
    const auto outputs = torch::addmm(bias, features, weight.t());
    const OutputLoss loss = output_loss(problem_.loss, outputs, truth);
    by_weights.addmm_(loss.gradient.t(), features);
    by_biases.add_(loss.gradient.sum(0));
    sum.add_(loss.objective);
    sum_in_units.add_(loss.in_units);
    if (!problem_.on_epoch) return;
    const auto score = transfer::score_sums(problem_.loss, outputs, truth);
    score_sums_ = score_sums_.defined() ? score_sums_ + score : score;
  });
  by_weights.div_(total_).add_(weight, problem_.weight_decay);
  by_biases.div_(total_);
  gradient_norm_ = std::hypot(by_weights.norm().item<double>(), by_biases.norm().item<double>());
  weight_.mutable_grad() = by_weights.mul_(weight_units_);
  bias_.mutable_grad() = by_biases.mul_(bias_units_);
  train_loss_ = sum_in_units.item<double>() / total_;
  const double squares = weight.square().sum(torch::kFloat64).item<double>();
  return sum.item<double>() / total_ + 0.5 * problem_.weight_decay * squares;
}

Head HeadObjective::head() const {
  const torch::NoGradGuard no_gradients;
  const auto weight = weight_ * weight_units_;
  return linear_head(basis_.defined() ? weight.matmul(basis_.t()) : weight.clone(),
                     bias_ * bias_units_);
}

}  // namespace transfer
