#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// The predictions for a split beside the truth as CSV, one row per image in the order of the
/// samples, without broken images. `outputs` [N,C] are in the targets' units.
///
/// - Classes: `path,label,class,probability`, then one probability column per class.
/// - Labels: `path,labels,predicted` with labels separated by `|`, then one probability column per
///   label.
/// - Numbers: `path`, the columns of the targets, then `predicted_NAME` for each.
///
/// A class whose name another column has is called `probability_NAME` there, a target that is
/// called `path` `known_path`.
std::string prediction_table(const Objective& objective, const std::vector<Sample>& samples,
                             const Truth& truth, const torch::Tensor& outputs,
                             const std::vector<std::string>& classes);

}  // namespace transfer
