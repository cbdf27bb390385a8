#include "configs/device_choice.h"

#include <fmt/format.h>

#include <charconv>

#include "core/errors.h"

namespace transfer {
namespace {

/// A number from 0 on, without sign; empty for any other text.
std::optional<int> parse_index(std::string_view text) {
  int index = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc() || parsed != end || index < 0) return std::nullopt;
  return index;
}

}  // namespace

DeviceChoice parse_device(const std::string& text) {
  const std::string_view whole = text;
  const auto colon = whole.find(':');
  const auto kind = parse_name<DeviceKind>(whole.substr(0, colon));
  if (kind && colon == std::string_view::npos) return {*kind, std::nullopt};
  if (kind == DeviceKind::kCuda) {
    if (const auto index = parse_index(whole.substr(colon + 1))) return {*kind, index};
  }
  throw ConfigError(
      fmt::format("--device {}: expected auto, cpu, cuda or cuda:N, such as cuda:0", text));
}

}  // namespace transfer
