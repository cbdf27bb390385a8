#include "app/training/lbfgs.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace transfer {
namespace {

constexpr double kGradientTolerance = 1e-6;

}  // namespace

struct Lbfgs::Implementation {
  std::vector<torch::Tensor> parameters;
  torch::optim::LBFGS optimizer;
  double tolerance;
  double value = std::numeric_limits<double>::infinity();
};

Lbfgs::Lbfgs(const std::vector<torch::Tensor>& parameters, double tolerance)
    : implementation_(
          new Implementation{parameters,
                             torch::optim::LBFGS(parameters, torch::optim::LBFGSOptions(1.0)
                                                                 .max_iter(1)
                                                                 .max_eval(25)
                                                                 .history_size(10)
                                                                 .tolerance_grad(kGradientTolerance)
                                                                 .line_search_fn("strong_wolfe")),
                             tolerance}) {}

Lbfgs::~Lbfgs() = default;

bool Lbfgs::step(const std::function<double()>& objective) {
  double last = 0;
  implementation_->optimizer.step([&] {
    torch::AutoGradMode with_gradients(true);
    last = objective();
    return torch::tensor(last, torch::kFloat64);
  });
  const double change = std::abs(implementation_->value - last);
  implementation_->value = last;
  double largest = 0;
  for (const auto& parameter : implementation_->parameters) {
    largest = std::max(largest, parameter.grad().abs().max().item<double>());
  }
  return largest < kGradientTolerance ||
         change < implementation_->tolerance * std::max(1.0, std::abs(last));
}

}  // namespace transfer
