#pragma once

#include <cstddef>
#include <vector>

#include "app/planning/candidate_search.h"

namespace transfer {

/// Candidates that answer together by the mean of their predictions.
struct ChosenMembers {
  /// Positions among those that were tried, the best first.
  std::vector<std::size_t> positions;
  /// Mean loss of the mean prediction for the left-out images, and its score.
  double loss = 0;
  EstimatedScore score;
};

/// Begins with the candidate of the smallest loss and adds the one with which the mean prediction
/// has the smallest, as long as that makes the left-out images at least kPositiveOdds times as
/// likely (Caruana et al. 2004, "Ensemble Selection from Libraries of Models", without repeats), up
/// to `most` of them. Those of other ways to fit images to a network than the winner's are passed
/// over, since an ensemble prepares an image once.
ChosenMembers choose_members(const CandidateSearch& search, std::size_t most);

}  // namespace transfer
