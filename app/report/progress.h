#pragma once

#include <cstdint>
#include <string>

#include "core/stopwatch.h"

namespace transfer {

/// Progress of one piece of work on stderr: a bar with rate and time left on a terminal, a plain
/// line every few seconds in a log. Not thread-safe.
class Progress {
 public:
  /// `total` counts `unit`s ("images").
  Progress(std::string title, std::int64_t total, std::string unit);

  void advance(std::int64_t count);
  /// Writes the closing line with the time taken.
  void finish();

 private:
  void draw();

  std::string title_;
  std::string unit_;
  std::int64_t total_;
  std::int64_t done_ = 0;
  bool is_terminal_;
  Stopwatch clock_;
  /// Seconds on the clock when it last drew.
  double last_drawn_ = 0;
};

}  // namespace transfer
