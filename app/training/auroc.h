#pragma once

#include <torch/types.h>

#include <vector>

#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// The area under the ROC curve: the probability that an image of a class has a higher score for it
/// than one that is not of the class, where equal scores count one half. By the ranks of the scores,
/// of which equal ones share the middle rank (Hanley and McNeil, "The Meaning and Use of the Area
/// under a Receiver Operating Characteristic (ROC) Curve", 1982).
///
/// Of two classes, the area of either; of several, the mean over the classes, each against all
/// others by its probability (Fawcett, "An Introduction to ROC Analysis", 2006); of labels, the mean
/// over the labels. As scikit-learn's roc_auc_score with average="macro" and multi_class="ovr", but
/// classes and labels that no image or every image has, whose area is undefined, are left out of
/// the mean. NaN where none is left, or a score is NaN.
///
/// Logits [N,C], every row of which counts. REQUIRES: the objective is of classes or labels.
double auroc(const Objective& objective, const torch::Tensor& logits, const Truth& truth);

/// The classes or labels that have no area, by their position: none or all of the rows that count
/// are of them. `outputs` is how many there are.
std::vector<std::size_t> without_area(const Objective& objective, const Truth& truth,
                                      std::int64_t outputs);

}  // namespace transfer
