#include "app/training/optimizers.h"

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "core/errors.h"

namespace transfer {
namespace {

/// `Options` is SGDOptions or AdamWOptions.
template <typename Options>
std::vector<torch::optim::OptimizerParamGroup> torch_groups(
    const std::vector<ParameterGroup>& groups, const Options& common) {
  std::vector<torch::optim::OptimizerParamGroup> converted;
  for (const ParameterGroup& group : groups) {
    auto options = std::make_unique<Options>(common);
    options->lr(common.lr() * group.lr_multiple);
    options->weight_decay(group.weight_decay);
    converted.emplace_back(group.parameters, std::move(options));
  }
  return converted;
}

void move(torch::optim::OptimizerParamState& state, torch::Device device) {
  if (auto* adamw = dynamic_cast<torch::optim::AdamWParamState*>(&state)) {
    for (torch::Tensor* moment :
         {&adamw->exp_avg(), &adamw->exp_avg_sq(), &adamw->max_exp_avg_sq()}) {
      if (moment->defined()) *moment = moment->to(device);
    }
    return;
  }
  torch::Tensor& momentum = dynamic_cast<torch::optim::SGDParamState&>(state).momentum_buffer();
  if (momentum.defined()) momentum = momentum.to(device);
}

}  // namespace

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const std::vector<ParameterGroup>& groups,
                                                        const TrainConfig& config) {
  switch (config.optimizer) {
    case Optimizer::kSgd: {
      const auto options = torch::optim::SGDOptions(config.lr).momentum(config.momentum);
      return std::make_unique<torch::optim::SGD>(torch_groups(groups, options), options);
    }
    case Optimizer::kAdamW: {
      const auto options = torch::optim::AdamWOptions(config.lr);
      return std::make_unique<torch::optim::AdamW>(torch_groups(groups, options), options);
    }
    case Optimizer::kLbfgs: break;
  }
  throw ConfigError(
      "train.optimizer: found 'lbfgs', which fits heads to features that never change; layers of "
      "the backbone train with adamw or sgd");
}

void move_state_to_parameters(torch::optim::Optimizer& optimizer) {
  for (const auto& group : optimizer.param_groups()) {
    for (const torch::Tensor& parameter : group.params()) {
      const auto found = optimizer.state().find(parameter.unsafeGetTensorImpl());
      if (found != optimizer.state().end()) move(*found->second, parameter.device());
    }
  }
}

void set_learning_rate(torch::optim::Optimizer& optimizer,
                       const std::vector<ParameterGroup>& groups, double rate) {
  auto& converted = optimizer.param_groups();
  for (std::size_t i = 0; i < converted.size(); ++i) {
    converted[i].options().set_lr(rate * groups.at(i).lr_multiple);
  }
}

}  // namespace transfer
