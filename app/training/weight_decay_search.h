#pragma once

#include <vector>

#include "app/training/estimated_score.h"
#include "app/training/head_fit.h"

namespace transfer {

/// What cross-validation found for one weight decay.
struct WeightDecayScore {
  double weight_decay = 0;
  /// Mean loss (of scaled targets, without smoothing and class weights) and score on the images
  /// left out of each fold's fit.
  double loss = 0;
  EstimatedScore score;
};

struct WeightDecayChoice {
  /// For a fit to all training images: the chosen score's, times the part of the images
  /// that was looked at. The penalty is a prior, beside which the sum of the losses grows with the
  /// images, but what is minimised is their mean.
  double weight_decay = 0;
  /// What the chosen one scored.
  EstimatedScore score;
  /// Of those tried, from strong to weak.
  std::vector<WeightDecayScore> scores;
};

/// The strongest decay whose loss is the smallest or hardly larger, as the one-standard-error rule
/// (Breiman et al., "Classification and Regression Trees", 1984) prefers the simpler of equals, but
/// with a narrower margin. Losses that are no numbers are passed over. REQUIRES: not empty, from
/// strong to weak.
const WeightDecayScore& strongest_of_the_best(const std::vector<WeightDecayScore>& scores);

/// Most training images that are looked at.
constexpr std::int64_t kMostCrossValidated = 2000;

/// Chooses the head's weight decay by 5-fold cross-validation on at most so many unaugmented
/// training features, taken by `problem.seed`; validation images are not looked at. The smallest
/// loss wins, of nearly equal ones the strongest decay's; weaker decays are no longer tried once
/// one has done worse than the one before. `problem.weight_decay` is ignored.
WeightDecayChoice choose_weight_decay(const HeadProblem& problem);

}  // namespace transfer
