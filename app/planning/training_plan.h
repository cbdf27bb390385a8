#pragma once

#include <optional>
#include <string>

#include "app/planning/candidate_search.h"

namespace transfer {

/// The strategy for the candidate that trains no layers, without a time limit: its work is known.
Config plan_frozen(const TriedCandidate& tried, const ConfigSources& sources);

/// A way to train layers that fits the time.
struct TrainingPlanInTime {
  /// The configuration, or nothing where the data does not ask for training or the time is too
  /// short.
  std::optional<Config> config;
  /// Where the time is too short: why, as a sentence.
  std::string left_out;
};

/// The strategy that trains layers on the candidate, if the decision for its data is one (see
/// decide()), with as many epochs of its preset as fit into `seconds`; 0: all. A schedule that runs
/// to its end does better than a longer one that is cut off. `is_given`: the user has set the
/// epochs, which are kept then.
TrainingPlanInTime plan_training(const TriedCandidate& tried, const ConfigSources& sources,
                                 double seconds, bool is_given);

}  // namespace transfer
