#pragma once

#include <cstdio>
#include <string>

#include "app/compute/process_group.h"

namespace transfer {

/// Leaves talking to the first process of a group: in the others stdout and stderr lead nowhere
/// from now on, except for errors, which say whose they are.
class RankOutput {
 public:
  explicit RankOutput(const ProcessGroup& group);
  ~RankOutput();
  RankOutput(const RankOutput&) = delete;
  RankOutput& operator=(const RankOutput&) = delete;

  /// Writes "transfer: MESSAGE" to the stderr that the process was started with.
  void error(const std::string& message) const;

 private:
  std::string name_ = "transfer";
  /// What stderr was; nullptr where it still is.
  std::FILE* stderr_ = nullptr;
};

}  // namespace transfer
