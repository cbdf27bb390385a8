#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/advice/evidence.h"
#include "configs/strategy_kind.h"

namespace transfer {

/// What the user has decided already and a decision never overrides.
struct GivenChoices {
  /// `cut`, which only early-features uses.
  std::string cut;
  /// `train.from_scratch`, which asks for retrain.
  bool from_scratch = false;
  /// No layer of the backbone is to train.
  bool layers_stay_frozen = false;
};

/// The box of the four cases, the strategy, and why.
struct Decision {
  bool is_large = false;
  bool is_different = false;
  StrategyKind strategy = StrategyKind::kFreezeConv;
  /// Stage whose output early-features takes; empty for the other strategies.
  std::string cut;
  /// Number of first stages that can stay frozen in fine-tuning without a measurable loss in the
  /// probes; may be 0.
  std::int64_t freeze_stages = 0;
  /// Score of a head on frozen features, from which training of the layers starts, and its standard
  /// error.
  double expected_score = 0;
  double standard_error = 0;
  /// Sentences.
  std::vector<std::string> reasons;
};

/// What frozen features must leave to gain to make training of the layers worth its time, as a part
/// of the score. Training gains a small part of it (two of the fourteen points that flowers leave).
inline constexpr double kWorthwhileGain = 0.05;

/// The strategy of one of the four cases.
StrategyKind strategy_of_case(bool is_large, bool is_different);

/// Chooses the strategy. The rule:
/// - The data is unlike the pretraining's where an earlier stage classifies better than the
///   classifier's input by more than one paired standard error; the best such stage is the cut.
/// - The data is large where there are enough training images to train the layers: 200 of
///   images like the pretraining's, since fine-tune starts from the fitted head and keeps whatever
///   does best in validation, its start included; 1,000 of others, since retrain starts afresh at a
///   high learning rate.
/// - Where a head on frozen features is fitted, it takes several stages (all-features) if a set of
///   their features makes the images left out of the fits at least three times as likely as any one
///   stage does, "positive" evidence by Kass and Raftery 1995, "Bayes Factors".
/// - The layers of large data train where the best probe leaves more than five points to gain;
///   otherwise a head is fitted to frozen features.
/// REQUIRES: the evidence has at least two stages, and at most one choice is given; a given cut is
/// among the stages.
Decision decide(const Evidence& evidence, const GivenChoices& given);

}  // namespace transfer
