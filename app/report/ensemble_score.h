#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/training/metrics.h"

namespace transfer {

/// How an ensemble does on the validation images of the runs that its members come from, by what
/// the runs said of them in predictions_val.csv.
struct EnsembleScore {
  /// Of each member, in their order, and of the mean of their predictions; empty where `reason`
  /// says why there is none.
  std::vector<Score> members;
  std::optional<Score> ensemble;
  /// Mean loss of the mean of their predictions.
  double loss = 0;
  std::int64_t images = 0;
  std::string reason;
};

/// `members` are run directories or model files; a file that is the model.pt of a run counts as the
/// run. `classes` and `objective` are the ensemble's. There is no score where a member is of no
/// run, files of a run are damaged, or the runs were validated on different images.
EnsembleScore score_ensemble(const std::vector<std::string>& members,
                             const std::vector<std::string>& classes, const Objective& objective);

}  // namespace transfer
