#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "app/report/progress_line.h"
#include "core/messages.h"
#include "core/stopwatch.h"
#include "core/visible_text.h"

namespace transfer {

/// Counts what of a piece of work is done, knows how fast it goes, and when it is to be shown.
class WorkClock {
 public:
  /// `interval`: seconds between two times that it is shown.
  WorkClock(Work work, double interval)
      : work_(std::move(work)), interval_(interval), done_(work_.done) {}

  /// Returns whether the work is to be shown now.
  bool advance(std::int64_t count) {
    done_ += count;
    const double now = clock_.seconds();
    if (now - last_shown_ < interval_) return false;
    last_shown_ = now;
    return true;
  }

  ProgressState state() const {
    ProgressState state{work_.title, work_.unit, work_.total, done_};
    const double seconds = clock_.seconds();
    if (done_ > work_.done && seconds > 0) {
      state.rate = static_cast<double>(done_ - work_.done) / seconds;
      state.seconds_left =
          static_cast<double>(std::max<std::int64_t>(work_.total - done_, 0)) / *state.rate;
    }
    if (work_.numbers) state.numbers = work_.numbers(state.seconds_left.value_or(0));
    return state;
  }

  /// "train: 100 images in 3.4 s"
  std::string end_text() const {
    return fmt::format("{}: {} {} in {:.1f} s", visible(work_.title), done_, work_.unit,
                       clock_.seconds());
  }

 private:
  Work work_;
  double interval_;
  std::int64_t done_;
  Stopwatch clock_;
  /// Seconds on the clock.
  double last_shown_ = 0;
};

}  // namespace transfer
