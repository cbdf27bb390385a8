#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/training/estimated_score.h"
#include "app/training/head_problem.h"
#include "app/training/weight_decay_search.h"
#include "models/feature_block.h"

namespace transfer {

/// Blocks of features for one head, and how well a linear head on them does.
struct ScoredBlocks {
  /// What people call them.
  std::string title;
  /// Positions among all blocks, in their order.
  std::vector<std::size_t> blocks;
  /// Mean loss, without smoothing and class weights, and score of images left out of each fold's
  /// fit, at the best weight decay.
  double loss = 0;
  EstimatedScore score = {};
  /// Chosen by cross-validation, for a fit to all training images; nothing where a part of the
  /// classes was compared.
  std::optional<double> weight_decay = {};
  /// Images that were left out once each.
  std::int64_t images = 0;
  /// What the heads at that weight decay say of them.
  LeftOutAnswers answers = {};
  /// The part of the answer that is given to this set; see weigh().
  double weight = 0;
};

/// The sets of blocks that choose_blocks() compares, from few features to many: each stage's mean
/// alone; the means of all stages from the first, from a quarter or from half of the network on,
/// these with deviations, and these with quarters too.
std::vector<ScoredBlocks> block_candidates(const std::vector<FeatureBlock>& blocks);

/// Scores every candidate, without weights yet, by 5-fold cross-validation on at most 1,000
/// training images of at most 40 classes (Evci et al. 2022, "Head2Toe: Utilizing Intermediate
/// Representations for Better Transfer Learning", selects features of all layers in another way).
/// The features of `problem` are the blocks of `widths` features each, side by side, and its
/// scaling is measure_block_scaling(). Validation images are not used.
std::vector<ScoredBlocks> score_blocks(const HeadProblem& problem,
                                       const std::vector<FeatureBlock>& blocks,
                                       const std::vector<std::int64_t>& widths,
                                       std::int64_t threads);

/// Gives each set a weight in proportion to exp(−images · loss), the likelihood of the images that
/// were left out: with few images sets of about equal loss share the answer, with many the best one
/// gives it (pseudo-BMA, Yao et al. 2018, "Using Stacking to Average Bayesian Predictive
/// Distributions", section 3.4). Those below 2 % of the largest become 0, and the sum is 1. Without
/// `shares` the set of the smallest loss has all of it, the first of equals. REQUIRES: not empty.
void weigh(std::vector<ScoredBlocks>& sets, bool shares);

/// The columns of those blocks among all columns, [n] int64.
torch::Tensor columns_of(const std::vector<std::size_t>& chosen,
                         const std::vector<std::int64_t>& widths);

}  // namespace transfer
