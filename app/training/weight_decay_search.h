#pragma once

#include <vector>

#include "app/training/estimated_score.h"
#include "app/training/head_fit.h"

namespace transfer {

/// Result of cross-validation for one weight decay.
struct WeightDecayScore {
  double weight_decay = 0;
  /// Mean loss (of scaled targets, without smoothing and class weights) and score on the images
  /// left out of each fold's fit.
  double loss = 0;
  EstimatedScore score;
};

/// What heads say of images that were left out of their fits.
struct LeftOutAnswers {
  /// [n,C], of scaled targets.
  torch::Tensor outputs;
  Truth truth = {};
};

struct WeightDecayChoice {
  /// For a fit to all training images: that of the chosen score, times the fraction of the images
  /// that were used. The penalty is a prior, and the sum of the losses grows with the number of
  /// images, but what is minimised is their mean.
  double weight_decay = 0;
  /// Of the chosen weight decay.
  EstimatedScore score;
  /// Of all that were tried, from strong to weak.
  std::vector<WeightDecayScore> scores;
  /// Of the chosen weight decay. In the same order for all problems of the same images, labels and
  /// seed.
  LeftOutAnswers answers = {};
};

/// The strongest decay whose loss is the smallest or hardly larger, as the one-standard-error rule
/// (Breiman et al., "Classification and Regression Trees", 1984) prefers the simpler of equals, but
/// with a narrower margin. NaN losses are skipped. REQUIRES: not empty, from
/// strong to weak.
const WeightDecayScore& strongest_of_the_best(const std::vector<WeightDecayScore>& scores);

/// Most training images that cross-validation uses, and of how many classes at most. The heads of
/// more classes need more images each, not another decay; and the choice must not take longer than
/// the fit itself.
constexpr std::int64_t kMostCrossValidated = 2000;
constexpr std::int64_t kMostCrossValidatedClasses = 150;

/// Which classes the score of a choice is for.
enum class ScoredClasses {
  /// Those that the choice was made with.
  kChosenWith,
  /// All of them, which takes one more fit where there are more.
  kAll,
};

/// Chooses the head's weight decay by 5-fold cross-validation on at most so many unaugmented
/// training features, of at most so many classes, drawn by `problem.seed`; validation images are
/// not used. The smallest loss wins, or among nearly equal ones that of the strongest decay. The
/// search goes from a decay that suits the number of classes to weaker ones, or where these are
/// worse to stronger ones, until one does worse than the one before or the time is up.
/// `problem.weight_decay` is ignored.
///
/// Where many classes make the fits long, they take place along the axes that hold 99 % of the
/// features' squares, and end somewhat earlier.
WeightDecayChoice choose_weight_decay(const HeadProblem& problem,
                                      ScoredClasses scored = ScoredClasses::kChosenWith);

}  // namespace transfer
