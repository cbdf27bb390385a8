#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace transfer {

/// L-BFGS with a strong-Wolfe line search (Nocedal and Wright, "Numerical Optimization", 2006), one
/// iteration at a time; the work is torch::optim::LBFGS's. The parameters should be scaled so that
/// the objective is about equally curved along each.
class Lbfgs {
 public:
  /// Shares the tensors and changes them in place; each needs `requires_grad`.
  explicit Lbfgs(const std::vector<torch::Tensor>& parameters);
  ~Lbfgs();

  /// One iteration. `objective` computes the value and leaves the gradients in the parameters; it
  /// is called about once. Returns true when it has converged: the value has hardly changed, or the
  /// gradient shows that hardly anything is left to gain.
  bool step(const std::function<double()>& objective);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Up to `iterations` iterations in one call, which evaluates the objective half as often as
/// Lbfgs::step. Ends when the value falls by less than `tolerance`.
void minimize_by_lbfgs(const std::vector<torch::Tensor>& parameters,
                       const std::function<double()>& objective, std::int64_t iterations,
                       double tolerance);

}  // namespace transfer
