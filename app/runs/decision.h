#pragma once

#include <string>

#include "app/report/advice.h"

namespace transfer {

/// What the user has decided already; it is never overridden.
struct GivenChoices {
  /// `cut`: only early-features looks at it.
  std::string cut;
  /// `train.from_scratch`: only retrain does with it what its name says.
  bool from_scratch = false;
};

/// Chooses the strategy. The rule:
/// - The data is unlike the pretraining's where an earlier stage classifies better than the
///   classifier's input by more than one paired standard error; the best such stage is the cut.
/// - Layers train where there are at least 1,000 training pictures and the best probe leaves more
///   than one point to gain; otherwise a head on frozen features is all that the pictures can pay
///   for.
/// REQUIRES: the evidence has at least two stages, and at most one choice is given; a given cut is
/// among the stages.
Decision decide(const Evidence& evidence, const GivenChoices& given);

}  // namespace transfer
