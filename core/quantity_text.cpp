#include "core/quantity_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/count_text.h"

namespace transfer {
namespace {

/// With one decimal below 10, as "1.2" and "12".
std::string short_number(double number) {
  return number < 9.95 ? fmt::format("{:.1f}", number) : fmt::format("{:.0f}", number);
}

/// A number of at least `unit`s as the larger unit and what is left of the smaller.
std::string two_units(std::int64_t smaller, std::int64_t in_larger, std::string_view larger_name,
                      std::string_view smaller_name) {
  const std::int64_t rest = smaller % in_larger;
  std::string text = fmt::format("{} {}", smaller / in_larger, larger_name);
  if (rest > 0) text += fmt::format(" {} {}", rest, smaller_name);
  return text;
}

}  // namespace

std::string count_of(std::size_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

std::string duration_text(double seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  if (seconds < 0.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < kMinute) return fmt::format("{} s", whole);
  if (whole < kHour) return two_units(whole, kMinute, "min", "s");
  const std::int64_t minutes = (whole + kMinute / 2) / kMinute;
  if (minutes < kDay / kMinute) return two_units(minutes, kHour / kMinute, "h", "min");
  const std::int64_t hours = (whole + kHour / 2) / kHour;
  return two_units(hours, kDay / kHour, hours < 2 * kDay / kHour ? "day" : "days", "h");
}

std::string bytes_text(double bytes) {
  constexpr std::array kUnits = {"kB", "MB", "GB", "TB", "PB"};
  constexpr double kStep = 1000;
  if (bytes < kStep) return count_text(static_cast<std::size_t>(std::llround(bytes)), "byte");
  double number = bytes / kStep;
  std::size_t unit = 0;
  while (number >= 999.5 && unit + 1 < kUnits.size()) {
    number /= kStep;
    ++unit;
  }
  return fmt::format("{} {}", short_number(number), kUnits[unit]);
}

std::string fixed_text(double number) {
  constexpr double kTooLong = 1e6;
  return std::abs(number) < kTooLong ? fmt::format("{:.4f}", number)
                                     : fmt::format("{:.3e}", number);
}

std::string amount_text(double amount) {
  constexpr std::array kUnits = {"k", "M", "G", "T"};
  constexpr double kStep = 1000;
  if (amount < kStep) return fmt::format("{:.0f}", amount);
  double number = amount / kStep;
  std::size_t unit = 0;
  while (number >= 999.5 && unit + 1 < kUnits.size()) {
    number /= kStep;
    ++unit;
  }
  return fmt::format("{} {}", short_number(number), kUnits[unit]);
}

}  // namespace transfer
