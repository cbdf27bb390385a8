#pragma once

#include <torch/types.h>

#include "app/training/score_name.h"
#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// How well outputs fit a sample of images, higher is better, and how far chance may have moved
/// it.
struct EstimatedScore {
  double value = 0;
  double standard_error = 0;
  /// What each image contributes, [n] float64 of mean `value`.
  torch::Tensor parts = {};
};

/// How far one score lies above another of the same images. What moves both alike, such as
/// images that are hard for any head, does not count as chance.
EstimatedScore paired_difference(const EstimatedScore& score, const EstimatedScore& other);

/// Accuracy for classes; for labels accuracy where every image has exactly one, else the part of
/// the labels that are right; R², averaged over the columns, for numbers. Outputs [n,C] in the
/// targets' units; every row counts. The error is the standard deviation of what each image
/// contributes over √n; for R², a ratio of two sums, to first order. Where images are counted as
/// right or wrong, it is a little larger, so that few images never leave no doubt.
EstimatedScore estimate_score(const Objective& objective, const torch::Tensor& outputs,
                              const Truth& truth);

/// Which of them it is.
ScoreName estimated_score_name(const Objective& objective);

}  // namespace transfer
