#include "app/training/lbfgs.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace transfer {
namespace {

constexpr double kGradientTolerance = 1e-6;
/// Two relative decreases in a row that are smaller than this count as converged: the iterations
/// converge linearly, so that ten times as much is left at most.
constexpr double kTolerance = 1e-7;
/// So does an objective from whose minimum the gradient shows it to be no further away.
constexpr double kLeastGain = 1e-9;

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
  int small_changes = 0;
  /// Where the objective was evaluated last.
  std::vector<torch::Tensor> evaluated = {};

  /// Whether the gradients there are those of the parameters as they are now.
  bool is_evaluated() const {
    if (evaluated.empty()) return false;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (!torch::equal(evaluated[i], parameters[i])) return false;
    }
    return true;
  }

  void note_evaluated() {
    evaluated.clear();
    for (const auto& parameter : parameters) evaluated.push_back(parameter.detach().clone());
  }
};

Lbfgs::Lbfgs(const std::vector<torch::Tensor>& parameters)
    : implementation_(
          new Implementation{parameters, torch::optim::LBFGS(parameters, options_for(1))}) {}

Lbfgs::~Lbfgs() = default;

bool Lbfgs::step(const std::function<double()>& objective) {
  Implementation& self = *implementation_;
  double last = self.value;
  // Each step of torch's optimizer begins with an evaluation where the one before has ended.
  const auto evaluate = [&] {
    if (!self.is_evaluated()) {
      last = objective();
      self.note_evaluated();
    }
    return last;
  };
  self.optimizer.step([&] { return value_of(evaluate); });
  const double change = std::abs(self.value - last);
  self.value = last;
  double squares = 0;
  for (const auto& parameter : self.parameters) {
    squares += parameter.grad().square().sum(torch::kFloat64).item<double>();
  }
  // With curvatures of about one, half of the squared gradient is what a Newton step would gain.
  self.small_changes =
      change < kTolerance * std::max(1.0, std::abs(last)) ? self.small_changes + 1 : 0;
  return squares / 2 < kLeastGain || self.small_changes == 2;
}

void minimize_by_lbfgs(const std::vector<torch::Tensor>& parameters,
                       const std::function<double()>& objective, std::int64_t iterations,
                       double tolerance) {
  torch::optim::LBFGS optimizer(parameters, options_for(iterations).tolerance_change(tolerance));
  optimizer.step([&] { return value_of(objective); });
}

}  // namespace transfer
