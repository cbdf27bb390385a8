#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// CSV of every image of a split beside the truth, in the order of the samples; those that do not
/// count (broken images) are left out. `outputs` [N,C] are in the targets' units.
///
/// - classes: `path,label,class,probability`, then one probability column a class;
/// - labels: `path,labels,predicted`, each separated by `|`, then one probability column a label;
/// - numbers: `path`, the columns of the targets, then `predicted_NAME` for each.
std::string prediction_table(const Objective& objective, const std::vector<Sample>& samples,
                             const Truth& truth, const torch::Tensor& outputs,
                             const std::vector<std::string>& classes);

}  // namespace transfer
