#pragma once

#include <string>
#include <vector>

#include "app/advice/decision.h"
#include "app/advice/evidence.h"
#include "app/advice/time_estimate.h"
#include "configs/config.h"

namespace transfer {

/// How long training one way would take on this machine.
struct TimeEstimate {
  std::string strategy;
  /// What differs from the strategy's own preset, such as `train.freeze_stages=5`; may be empty.
  std::string settings;
  double seconds = 0;
};

/// Times of every strategy with the user's settings. If first stages may stay frozen, also that of
/// fine-tune with those stages frozen.
std::vector<TimeEstimate> estimate_strategies(const ConfigSources& sources,
                                              const Evidence& evidence, const Decision& decision,
                                              const MachineSpeed& speed);

}  // namespace transfer
