#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "app/check/finding.h"
#include "app/training/head_problem.h"
#include "datasets/dataset.h"

namespace transfer {

/// The probability of each class for each image, [n,C] on the CPU, by heads that have not seen the
/// image: 5-fold cross-validation on `features` [n,D], scaled, in which images that belong together
/// (Sample::kept_with) lie in one fold. An image with the label −1 in `labels` [n] is predicted and
/// not learned from. More than 20,000 images are taken in parts, each by itself. Throws
/// Interrupted.
torch::Tensor unseen_probabilities(const HeadProblem& problem, const torch::Tensor& features,
                                   const torch::Tensor& labels, const std::vector<Sample>& samples,
                                   double weight_decay);

/// Which class each image seems to show instead of its own, −1 where its own fits: the off-diagonal
/// of the confident joint (C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating
/// Uncertainty in Dataset Labels", 2021). A class is confident where its probability reaches the
/// mean that images labelled so give it. probabilities [n,C], labels [n] in [0, C), or −1 for a row
/// that does not count; returns [n] int64.
torch::Tensor confident_classes(const torch::Tensor& probabilities, const torch::Tensor& labels);

/// Images whose label is probably wrong, by two rounds of cross-validation on `problem.train`: the
/// second does not learn from those that the first one doubts. They are those of
/// confident_classes() and those whose own class is most improbable. The score is 1 − the
/// probability of the own class, which on planted errors ranks better than the margin to the
/// suggested class, the most probable other one. Empty for less than 20 images. Throws Interrupted.
std::vector<Finding> label_errors(const HeadProblem& problem);

}  // namespace transfer
