#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <vector>

namespace transfer {

/// L-BFGS with a strong-Wolfe line search (Nocedal and Wright, "Numerical Optimization", 2006), one
/// iteration at a time; the work is torch::optim::LBFGS's.
class Lbfgs {
 public:
  /// Shares the tensors and changes them in place; each needs `requires_grad`. A value that falls
  /// by less than `tolerance` (relative) has converged.
  explicit Lbfgs(const std::vector<torch::Tensor>& parameters, double tolerance = 1e-9);
  ~Lbfgs();

  /// One iteration. `objective` computes the value and leaves the gradients in the parameters; it
  /// is called several times. Returns true when neither value nor gradient tells a way down.
  bool step(const std::function<double()>& objective);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
