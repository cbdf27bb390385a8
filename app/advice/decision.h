#pragma once

#include <string>

#include "app/advice/advice.h"

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
/// - The data is large where there are enough training images to train the layers: 200 of
/// images
///   like the pretraining's, since fine-tune goes on from the fitted head and keeps whatever does
///   best in validation, its start included; 1,000 of others, since retrain begins anew at a high
///   rate.
/// - The layers of large data train where the best probe leaves more than five points to gain;
///   otherwise a head is fitted to frozen features.
/// REQUIRES: the evidence has at least two stages, and at most one choice is given; a given cut is
/// among the stages.
Decision decide(const Evidence& evidence, const GivenChoices& given);

}  // namespace transfer
