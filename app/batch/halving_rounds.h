#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/batch/job_result.h"
#include "configs/halving.h"

namespace transfer {

/// What one job of a contest has come to.
struct Contestant {
  /// Jobs of one group are judged by the mean of their scores.
  std::string group;
  bool is_finished = false;
  bool has_failed = false;
  /// After epoch 1, 2, …
  std::vector<EpochScore> epochs = {};
};

/// What becomes of a job now.
struct Verdict {
  enum class Kind {
    kWait,  ///< until others have come as far, or there is nothing left to do
    kRun,
    kOut,  ///< weaker than those that go on
  };
  Kind kind = Kind::kWait;
  /// The epoch after which a job that runs pauses; 0: none.
  std::int64_t until = 0;
  /// Why it is out: "after epoch 2: accuracy 81.20 %, place 5 of 9; 3 go on".
  std::string reason = {};
};

/// Judges the jobs of one contest by how far they have come, in their order. It depends on nothing
/// else, so a batch that was killed comes to the same verdicts when it is run again. A group of
/// which a job has failed comes last; of equal scores the lower loss is better.
std::vector<Verdict> judge(const Halving& halving, const std::vector<Contestant>& jobs);

}  // namespace transfer
