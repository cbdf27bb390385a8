#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/planning/candidate_search.h"

namespace transfer {

/// The strategy for the candidate that trains no layers, without a time limit: its work is known.
Config plan_frozen(const TriedCandidate& tried, const ConfigSources& sources);

/// What the user has set, which is kept.
struct GivenTraining {
  bool epochs = false;
  /// Any key of `augment`.
  bool augmentation = false;
};

/// By the keys that a file or a flag has set.
GivenTraining given_training(const KeyOrigins& origins);

/// A way to train layers that fits the time.
struct TrainingPlanInTime {
  /// The configuration, or nothing where the data does not ask for training or the time is too
  /// short.
  std::optional<Config> config;
  /// Of the candidate whose layers train.
  std::size_t position = 0;
  /// What the time was too short for, as sentences.
  std::vector<std::string> left_out;
};

/// The strategy that trains layers on the winner, if the decision for its data is one (see
/// decide()), with as many epochs of its preset as fit into `seconds`; 0: all. Its warm-up shrinks
/// with them, and a schedule of less than a quarter of its epochs augments lightly, as shorter
/// recipes do (Wightman et al. 2021, "ResNet strikes back"). A schedule that runs to its end does
/// better than a longer one that is cut off.
///
/// Where the time is too short for the winner's layers, those of the best candidate train instead
/// whose training takes at most half of the arithmetic and whose heads do about as well, by at most
/// what training must promise to gain (kWorthwhileGain).
TrainingPlanInTime plan_training(const CandidateSearch& search, const ConfigSources& sources,
                                 double seconds, const GivenTraining& given);

/// Whether layers are to train alone within the time rather than `beside` frozen members: where
/// `retrain` is to change all of a network, and the members would cost it epochs.
bool trains_alone(const TrainingPlanInTime& alone, const TrainingPlanInTime& beside);

}  // namespace transfer
