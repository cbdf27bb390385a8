#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// Which labels are predicted of probabilities [N,C]: those at or above their threshold, [N,C]
/// bool.
torch::Tensor predicted_labels(const Objective& objective, const torch::Tensor& probabilities);

/// Fewer images with a label than these say too little of where its threshold should be.
constexpr std::int64_t kFewestPositives = 5;

/// For each label the probability from which on its F1 over these images is the highest, to be kept
/// as Objective::label_thresholds. Outputs [N,C] are logits; rows that do not count are left out.
///
/// Candidates are one half and the middle between each two neighbouring probabilities; of equally
/// good ones the nearest to one half is taken. One half stays where fewer than kFewestPositives
/// images have the label, or all of them.
std::vector<float> choose_label_thresholds(const torch::Tensor& outputs, const Truth& truth);

}  // namespace transfer
