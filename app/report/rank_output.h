#pragma once

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

  /// Sends the error that ends the program with `status` to messages(), and so to the stderr that
  /// the process started with.
  void error(const std::string& message, int status) const;

 private:
  std::string name_ = "transfer";
  /// The original stderr; −1 on rank 0, which keeps it.
  int stderr_ = -1;
};

}  // namespace transfer
