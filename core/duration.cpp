#include "core/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace transfer {
namespace {

struct TimeUnit {
  std::string_view name;
  double seconds;
};

/// From long to short.
constexpr std::array kTimeUnits = {TimeUnit{"d", 86400}, TimeUnit{"h", 3600}, TimeUnit{"m", 60},
                                   TimeUnit{"s", 1}};

/// Takes a plain decimal number from the start of `text`.
std::optional<double> take_number(std::string_view& text) {
  const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, number);
  if (error != std::errc() || end != text.data() + length) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  std::size_t next_unit = 0;  // each unit once, from long to short
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    if (text.empty()) {
      // A number without a unit stands alone.
      return next_unit == 0 ? number : std::nullopt;
    }
    std::size_t unit = next_unit;
    while (unit < kTimeUnits.size() && !text.starts_with(kTimeUnits[unit].name)) ++unit;
    if (unit == kTimeUnits.size()) return std::nullopt;
    text.remove_prefix(1);
    seconds += *number * kTimeUnits[unit].seconds;
    next_unit = unit + 1;
  }
  return seconds;
}

std::string duration_setting(double seconds) {
  if (seconds == 0) return "0";
  for (const TimeUnit& unit : kTimeUnits) {
    if (std::fmod(seconds, unit.seconds) == 0) {
      return fmt::format("{}{}", seconds / unit.seconds, unit.name);
    }
  }
  return fmt::format("{}s", seconds);
}

}  // namespace transfer
