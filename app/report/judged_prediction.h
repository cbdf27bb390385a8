#pragma once

#include <string>
#include <vector>

#include "core/objective.h"
#include "datasets/dataset.h"

namespace transfer {

/// What is predicted of an image with a class or labels, in words, and whether that is right.
struct JudgedPrediction {
  /// The likeliest class, or the labels that reach their thresholds, separated by `|`.
  std::string text;
  /// Of labels all must be right.
  bool is_correct = true;
  /// The model's probability that it is right; labels count as independent.
  double confidence = 1;
};

/// Judges the probabilities of an image, one per class or label. REQUIRES: the objective's targets
/// are not numbers.
JudgedPrediction judge(const Sample& sample, const std::vector<float>& probabilities,
                       const std::vector<std::string>& names, const Objective& objective);

}  // namespace transfer
