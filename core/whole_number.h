#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace transfer {

/// The number that decimal digits spell, with or without a minus sign; empty for any other text.
/// Unlike strtoll with base 0 and YAML's reader it reads 010 as ten.
inline std::optional<std::int64_t> parse_whole_number(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

}  // namespace transfer
