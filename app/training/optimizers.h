#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "app/training/parameter_groups.h"

namespace torch::optim {
class Optimizer;
}

namespace transfer {

/// SGD with momentum, or AdamW, as `train.optimizer` says, over the groups in their order; each
/// trains at `train.lr` times its multiple. Throws ConfigError for `lbfgs`, which only fits heads.
/// Include <torch/optim/optimizer.h> to use the result.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const std::vector<ParameterGroup>& groups,
                                                        const TrainConfig& config);

/// Moves what the optimizer keeps for each parameter (momenta) to the parameter's device: loading
/// leaves it where the file was loaded to. REQUIRES: it was made by make_optimizer().
void move_state_to_parameters(torch::optim::Optimizer& optimizer);

/// Sets each group's rate to `rate` times its multiple. REQUIRES: the optimizer was made from the
/// same groups.
void set_learning_rate(torch::optim::Optimizer& optimizer,
                       const std::vector<ParameterGroup>& groups, double rate);

}  // namespace transfer
