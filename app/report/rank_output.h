#pragma once

#include <cstdio>
#include <string>

#include "app/compute/process_group.h"

namespace transfer {

/// Lets only rank 0 of a group print. In the other processes stdout and stderr are discarded while
/// this object lives, except for errors, which name their process.
class RankOutput {
 public:
  explicit RankOutput(const ProcessGroup& group);
  ~RankOutput();
  RankOutput(const RankOutput&) = delete;
  RankOutput& operator=(const RankOutput&) = delete;

  /// Writes "transfer: MESSAGE" to the stderr that the process started with.
  void error(const std::string& message) const;

 private:
  std::string name_ = "transfer";
  /// The original stderr; nullptr on rank 0, which keeps it.
  std::FILE* stderr_ = nullptr;
};

}  // namespace transfer
