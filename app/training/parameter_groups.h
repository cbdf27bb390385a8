#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "configs/config.h"

namespace transfer {

using NamedParameter = std::pair<std::string, torch::Tensor>;

/// Parameters that train alike.
struct ParameterGroup {
  /// Path of the stage, or of the head.
  std::string stage;
  /// Position of the stage, 0 nearest the input; the head comes after the last.
  std::int64_t stage_index = 0;
  /// What the learning rate is multiplied by.
  double lr_multiple = 1.0;
  double weight_decay = 0.0;
  std::vector<std::string> names;
  std::vector<torch::Tensor> parameters;
};

/// Divides the parameters into groups: the head first, then the stages from the last to the first;
/// of each, what decays before what does not.
///
/// `stages` are module paths in execution order, without any the backbone is one stage. A parameter
/// belongs to the longest path it lies below; one that lies below none (a stem, a norm between
/// stages) goes with the parameter before it, or with the first stage.
///
/// Rate: the head's is `head_lr_multiple`, a stage's `lr_decay` to the power of its distance from
/// the head (1 for the last). Weight decay: `weight_decay`, the head's `head_weight_decay`, and 0
/// for biases and for tensors of one dimension, as norms have. The first `freeze_stages` stages
/// are left out, and so is a parameter that was there under another name.
std::vector<ParameterGroup> parameter_groups(const std::vector<NamedParameter>& parameters,
                                             const std::vector<std::string>& stages,
                                             const std::string& head, const TrainConfig& config,
                                             double head_weight_decay);

}  // namespace transfer
