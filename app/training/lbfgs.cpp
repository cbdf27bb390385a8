#include "app/training/lbfgs.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace transfer {
namespace {

constexpr double kGradientTolerance = 1e-6;
/// A relative decrease smaller than this counts as converged.
constexpr double kTolerance = 1e-9;

torch::optim::LBFGSOptions options_for(std::int64_t iterations) {
  constexpr std::int64_t kMostEvaluations = 25;  // in each line search
  return torch::optim::LBFGSOptions(1.0)
      .max_iter(iterations)
      .max_eval(kMostEvaluations * iterations)
      .history_size(10)
      .tolerance_grad(kGradientTolerance)
      .line_search_fn("strong_wolfe");
}

/// The objective as a closure for torch's optimizer.
torch::Tensor value_of(const std::function<double()>& objective) {
  torch::AutoGradMode with_gradients(true);
  return torch::tensor(objective(), torch::kFloat64);
}

}  // namespace

struct Lbfgs::Implementation {
  std::vector<torch::Tensor> parameters;
  torch::optim::LBFGS optimizer;
  double value = std::numeric_limits<double>::infinity();
};

Lbfgs::Lbfgs(const std::vector<torch::Tensor>& parameters)
    : implementation_(
          new Implementation{parameters, torch::optim::LBFGS(parameters, options_for(1))}) {}

Lbfgs::~Lbfgs() = default;

bool Lbfgs::step(const std::function<double()>& objective) {
  double last = 0;
  implementation_->optimizer.step([&] { return value_of([&] { return last = objective(); }); });
  const double change = std::abs(implementation_->value - last);
  implementation_->value = last;
  double largest = 0;
  for (const auto& parameter : implementation_->parameters) {
    largest = std::max(largest, parameter.grad().abs().max().item<double>());
  }
  return largest < kGradientTolerance || change < kTolerance * std::max(1.0, std::abs(last));
}

void minimize_by_lbfgs(const std::vector<torch::Tensor>& parameters,
                       const std::function<double()>& objective, std::int64_t iterations,
                       double tolerance) {
  torch::optim::LBFGS optimizer(parameters, options_for(iterations).tolerance_change(tolerance));
  optimizer.step([&] { return value_of(objective); });
}

}  // namespace transfer
