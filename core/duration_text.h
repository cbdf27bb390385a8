#pragma once

#include <fmt/core.h>

#include <string>

namespace transfer {

/// A rough time for people: "34 s", "12 min", "3.4 h".
inline std::string duration_text(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace transfer
