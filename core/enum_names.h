#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// The names of an enum's values as users write them, in the order of the enumeration, which counts
/// from 0. Specialised beside each enum that has names:
///
///   enum class Sampler { kShuffle, kBalanced };
///   template <>
///   inline constexpr std::array<std::string_view, 2> kNames<Sampler> = {"shuffle", "balanced"};
template <typename Enum>
inline constexpr std::array<std::string_view, 0> kNames = {};

template <typename Enum>
concept NamedEnum = !kNames<Enum>.empty();

template <NamedEnum Enum>
constexpr std::string_view name_of(Enum value) {
  return kNames<Enum>.at(static_cast<std::size_t>(value));
}

/// The value of that name; empty for another name.
template <NamedEnum Enum>
constexpr std::optional<Enum> parse_name(std::string_view name) {
  for (std::size_t i = 0; i < kNames<Enum>.size(); ++i) {
    if (kNames<Enum>[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

/// All names, for messages and suggestions.
template <NamedEnum Enum>
std::vector<std::string> all_names() {
  return {kNames<Enum>.begin(), kNames<Enum>.end()};
}

}  // namespace transfer
