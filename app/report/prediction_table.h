#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// CSV of every picture of a split: `path,label,class,probability`, then one probability column a
/// class. `labels` [N] and `logits` [N,C] in the order of the samples; those with label −1 (broken
/// pictures) are left out.
std::string prediction_table(const std::vector<Sample>& samples, const torch::Tensor& labels,
                             const torch::Tensor& logits, const std::vector<std::string>& classes);

}  // namespace transfer
