#pragma once

#include <string>
#include <vector>

#include "app/features/feature_store.h"

namespace transfer {

/// CSV of every picture of a split: `path,label,class,probability`, then one probability column a
/// class. Broken pictures are left out. `logits` [N,C] in the order of the samples.
std::string prediction_table(const FeatureSet& set, const torch::Tensor& logits,
                             const std::vector<std::string>& classes);

}  // namespace transfer
