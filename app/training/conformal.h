#pragma once

#include <torch/types.h>

#include <cstddef>
#include <vector>

#include "models/calibration.h"

namespace transfer {

/// What a conformal set is judged by: by how much each class's probability falls short of 1, from
/// logits [N,C] at their temperature. [N,C] float64, on the CPU.
torch::Tensor class_scores(const torch::Tensor& logits);

/// The scores of the true classes: logits [N,C] of images that nothing was fitted to, labels [N].
/// They are rounded upwards to 7 digits, so that they do not hang on the last digits of the logits.
ConformalScores conformal_scores(const torch::Tensor& logits, const torch::Tensor& labels);

/// The classes whose score is at most `largest_score`, the likeliest first, for each row of
/// class_scores(). A set is empty where no class is likely enough, as happens where the classifier
/// is right more often than the coverage asks for.
std::vector<std::vector<std::size_t>> conformal_sets(const torch::Tensor& class_scores,
                                                     double largest_score);

}  // namespace transfer
