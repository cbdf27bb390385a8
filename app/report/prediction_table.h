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
/// - Classes: `path,true,predicted,correct,confidence`, then `p:CLASS` for each class. `correct` is
///   1 or 0, `confidence` the probability of the predicted class.
/// - Labels: the same with labels separated by `|`. `correct` says whether all of them are right,
///   `confidence` is the probability of that by the model, if it takes the labels for independent.
/// - Numbers: `path`, then `true:NAME`, `predicted:NAME` and `error:NAME` (predicted − true) for
///   each target.
std::string prediction_table(const Objective& objective, const std::vector<Sample>& samples,
                             const Truth& truth, const torch::Tensor& outputs,
                             const std::vector<std::string>& classes);

}  // namespace transfer
