#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "app/training/head_problem.h"
#include "app/training/scaled_features.h"

namespace transfer {

/// What the fit of a linear head minimises: the mean loss over all training images and views plus
/// weight_decay / 2 · ‖W‖², as a function of coordinates along which it is about equally curved:
/// weights along the principal axes of the features, in units of its curvature there (Nocedal and
/// Wright, "Numerical Optimization", 2006, section 2.2). L-BFGS converges in a fraction of the
/// iterations then. Keeps the features in memory where they take a part of what is free.
class HeadObjective {
 public:
  /// Begins at `start`, a head of one layer for scaled features. `problem` must outlive the result.
  HeadObjective(const HeadProblem& problem, const Head& start);

  /// The coordinates [C,R] of the weights and [C] of the biases. Whoever minimises changes them in
  /// place.
  std::vector<torch::Tensor> coordinates() const { return {weight_, bias_}; }

  /// The value there. Leaves the gradient in the coordinates' grad. Throws Interrupted.
  double evaluate();

  /// Chooses units by the curvature at the present coordinates, which it expresses in them.
  void choose_units();

  /// The head at the present coordinates, for scaled features.
  Head head() const;

  /// Of the last evaluate(): the mean loss in the targets' units, the length of the gradient by the
  /// weights and biases of scaled features, and score_sums() if `problem` reports its epochs.
  double train_loss() const { return train_loss_; }
  double gradient_norm() const { return gradient_norm_; }
  const torch::Tensor& score_sums() const { return score_sums_; }

 private:
  /// Calls use(features [n,R], truth) for all rows of all views, part by part.
  template <typename Use>
  void for_all_rows(const Use& use);

  const HeadProblem& problem_;
  ScaledFeatures features_;
  /// [D,R]; undefined where the weights are those of the features themselves.
  torch::Tensor basis_;
  /// Total weight of the images in the loss.
  double total_;
  /// The actual weights and biases are these times their units.
  torch::Tensor weight_;
  torch::Tensor bias_;
  torch::Tensor weight_units_;
  torch::Tensor bias_units_;
  double train_loss_ = 0;
  double gradient_norm_ = 0;
  torch::Tensor score_sums_;
};

}  // namespace transfer
