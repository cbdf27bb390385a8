#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "app/training/loss.h"
#include "app/training/metrics.h"

namespace transfer {

// The score on the training images as training passes over them: with their augmentation, Dropout
// and mixing, and by weights that change from batch to batch. It follows from sums that add up over
// batches and processes.

/// Number of the sums for a network with that many outputs.
std::int64_t count_score_sums(const Objective& objective, std::int64_t outputs);

/// The sums [count_score_sums()] in float64 over outputs [n,C] as the network gives them, against
/// the truth on the same device, where they stay: nothing waits for a GPU. A mixed image counts by
/// the shares of its classes or labels.
torch::Tensor score_sums(const Loss& loss, const torch::Tensor& outputs, const Truth& truth);

/// The accuracy, label accuracy or R² that the sums give; nothing where no row counted.
std::optional<Score> score_of_sums(const Objective& objective, const std::vector<double>& sums);

/// The training score that stands beside a validation score: label accuracy beside mean average
/// precision, whose sums would be all outputs, else the same.
ScoreName training_score_name(const ScoreName& val);

}  // namespace transfer
