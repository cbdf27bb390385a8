#include "app/training/temperature.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace transfer {
namespace {

/// Logits and what the fit needs of them, in double precision on the CPU.
struct ShiftedLogits {
  torch::Tensor logits;    ///< [N,C], the largest of each row being 0
  torch::Tensor of_truth;  ///< [N], that of the true class

  ShiftedLogits(const torch::Tensor& raw, const torch::Tensor& labels) {
    const torch::Tensor wide = raw.detach().to(torch::kCPU, torch::kFloat64);
    logits = wide - std::get<0>(wide.max(1, /*keepdim=*/true));
    of_truth = logits.gather(1, labels.to(torch::kCPU).unsqueeze(1)).squeeze(1);
  }
};

/// The derivatives of the mean negative log-likelihood with respect to β = 1 / temperature, in
/// which it is convex: the mean over the images of E[z] − z of the true class, and of Var[z].
struct Derivatives {
  double first = 0;
  double second = 0;
};

Derivatives derivatives(const ShiftedLogits& shifted, double beta) {
  const torch::Tensor probabilities = (shifted.logits * beta).softmax(1);
  const torch::Tensor mean = (probabilities * shifted.logits).sum(1);
  const torch::Tensor square = (probabilities * shifted.logits.square()).sum(1);
  return {(mean - shifted.of_truth).mean().item<double>(),
          (square - mean.square()).mean().item<double>()};
}

double rounded(double temperature) { return std::stod(fmt::format("{:.4e}", temperature)); }

}  // namespace

double negative_log_likelihood(const torch::Tensor& logits, const torch::Tensor& labels,
                               double temperature) {
  const torch::NoGradGuard no_gradients;
  const ShiftedLogits shifted(logits, labels);
  const torch::Tensor scaled = shifted.logits / temperature;
  return (scaled.logsumexp(1) - shifted.of_truth / temperature).mean().item<double>();
}

double fit_temperature(const torch::Tensor& logits, const torch::Tensor& labels) {
  constexpr int kMostSteps = 100;
  constexpr double kTolerance = 1e-9;
  const torch::NoGradGuard no_gradients;
  const ShiftedLogits shifted(logits, labels);
  double low = 1 / kHighestTemperature;
  double high = 1 / kLowestTemperature;
  if (derivatives(shifted, low).first >= 0) return kHighestTemperature;
  if (shifted.of_truth.min().item<double>() >= 0) return 1;
  if (derivatives(shifted, high).first <= 0) return kLowestTemperature;
  double beta = 1;
  for (int step = 0; step < kMostSteps && high - low > kTolerance * low; ++step) {
    const auto [slope, curvature] = derivatives(shifted, beta);
    (slope < 0 ? low : high) = beta;
    const double newton = beta - slope / std::max(curvature, 1e-300);
    const bool is_inside = newton > low && newton < high;
    const double next = is_inside ? newton : std::sqrt(low * high);
    if (std::abs(next - beta) <= kTolerance * beta) break;
    beta = next;
  }
  return rounded(1 / beta);
}

}  // namespace transfer
