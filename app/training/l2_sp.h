#pragma once

#include <torch/types.h>

#include <memory>
#include <utility>
#include <vector>

#include "configs/config.h"
#include "models/trainable_network.h"

namespace transfer {

/// The penalty (strength / 2) · Σ (w − w₀)² on the distance of a network's backbone from where it
/// started, its pretrained weights w₀ (L2-SP, Li et al. 2018, "Explicit Inductive Bias for Transfer
/// Learning with Convolutional Networks"). The head has no such start and is left out.
class L2Sp {
 public:
  /// Shares the backbone's parameters and copies their values, which are w₀ from then on.
  L2Sp(const TrainableNetwork& network, double strength);

  /// Adds the penalty's gradient, strength · (w − w₀), to the gradients of a mean loss. Parameters
  /// without a gradient do not train and are left as they are.
  void add_gradients() const;

 private:
  /// w and w₀.
  std::vector<std::pair<torch::Tensor, torch::Tensor>> weights_;
  double strength_;
};

/// The penalty that `train.l2_sp` asks for, with the network's current weights as w₀; null for 0.
std::shared_ptr<const L2Sp> l2_sp_of(const TrainableNetwork& network, const TrainConfig& config);

}  // namespace transfer
