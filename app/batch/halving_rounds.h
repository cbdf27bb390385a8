#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/batch/job_result.h"
#include "configs/halving.h"

namespace transfer {

/// How far one job of a contest has come.
struct Contestant {
  /// Jobs of one group are judged together, by the mean of their scores.
  std::string group;
  bool is_finished = false;
  bool has_failed = false;
  /// After epoch 1, 2, …
  std::vector<EpochScore> epochs = {};
};

/// What to do with a job now.
struct Verdict {
  enum class Kind {
    kWait,  ///< until the others have come as far, or because nothing is left to do
    kRun,
    kOut,  ///< its score is too low to continue
  };
  Kind kind = Kind::kWait;
  /// The epoch after which a running job pauses; 0 for none.
  std::int64_t until = 0;
  /// Why it is out: "after epoch 2: accuracy 81.20 %, rank 5 of 9; 3 continue".
  std::string reason = {};
};

/// Judges the jobs of one contest by how far they have come, in their order, and by nothing else,
/// so that a batch that was killed reaches the same verdicts when it runs again. A group with a
/// failed job ranks last; of equal scores the lower loss is better.
std::vector<Verdict> judge(const Halving& halving, const std::vector<Contestant>& jobs);

}  // namespace transfer
