#pragma once

#include <torch/types.h>

#include <optional>

namespace transfer {

/// Area under the ROC curve of scores [N] (float64) for telling images with `is_positive` [N]
/// (bool) from the others: the part of the pairs of a positive and a negative image in which the
/// positive one has the higher score, pairs of equal scores counted by half (Hanley and McNeil,
/// "The meaning and use of the area under a ROC curve", Radiology 143, 1982). Nothing without a
/// positive or without a negative image.
std::optional<double> area_under_roc(const torch::Tensor& scores, const torch::Tensor& is_positive);

/// The mean of the areas of the columns of scores [N,C] (float64) over the columns of is_positive
/// [N,C] (bool) that have one; nothing where none has.
std::optional<double> mean_area_under_roc(const torch::Tensor& scores,
                                          const torch::Tensor& is_positive);

}  // namespace transfer
