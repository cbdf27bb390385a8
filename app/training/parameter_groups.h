#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "configs/config.h"

namespace transfer {

using NamedParameter = std::pair<std::string, torch::Tensor>;

/// Parameters with the same learning rate and weight decay.
struct ParameterGroup {
  /// Path of the stage, or of the head.
  std::string stage;
  /// Position of the stage, 0 nearest the input; the head comes last.
  std::int64_t stage_index = 0;
  /// Factor of the learning rate.
  double lr_multiple = 1.0;
  double weight_decay = 0.0;
  std::vector<std::string> names;
  std::vector<torch::Tensor> parameters;
};

/// Divides the parameters into groups: the head first, then the stages from the last to the first.
/// In each, the parameters that decay come before those that do not.
///
/// `stages` are module paths in execution order; if empty, the whole backbone is one stage. A
/// parameter belongs to the longest path it lies below. One that lies below none (a stem, a norm
/// between stages) belongs to the stage of the parameter before it, or to the first stage.
///
/// Rate: the head's is `head_lr_multiple`, a stage's `lr_decay` to the power of its distance from
/// the head (1 for the last). Weight decay: `weight_decay`, for the head `head_weight_decay`, and 0
/// for biases and for tensors of one dimension, such as those of norms. The first `freeze_stages`
/// stages are left out, and so are further names of the same parameter.
std::vector<ParameterGroup> parameter_groups(const std::vector<NamedParameter>& parameters,
                                             const std::vector<std::string>& stages,
                                             const std::string& head, const TrainConfig& config,
                                             double head_weight_decay);

}  // namespace transfer
