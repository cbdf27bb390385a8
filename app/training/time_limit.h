#pragma once

#include "configs/config.h"
#include "core/stopwatch.h"

namespace transfer {

/// How long a run may take (`train.time_limit`), from the start of its command.
class TimeLimit {
 public:
  /// No limit.
  TimeLimit() = default;
  TimeLimit(Duration limit, const Stopwatch& since_start)
      : seconds_(limit.seconds), since_start_(since_start) {}

  /// Whether no more than `reserve` seconds are left.
  bool is_up(double reserve = 0) const {
    return seconds_ > 0 && since_start_.seconds() + reserve >= seconds_;
  }

 private:
  double seconds_ = 0;
  Stopwatch since_start_;
};

}  // namespace transfer
