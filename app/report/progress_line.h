#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/messages.h"

namespace transfer {

/// How far a piece of work is.
struct ProgressState {
  std::string title;
  std::string unit;
  std::int64_t total = 0;
  std::int64_t done = 0;
  /// Units a second, and the seconds left; nothing before the first unit is done.
  std::optional<double> rate = {};
  std::optional<double> seconds_left = {};
  /// The most important first.
  std::vector<ProgressNumber> numbers = {};
};

/// One line with a bar for a terminal. At most `columns` wide: the bar shrinks, then what matters
/// least is left out.
std::string progress_line(const ProgressState& state, std::int64_t columns);

/// The same without a bar, for a log.
std::string progress_text(const ProgressState& state);

}  // namespace transfer
