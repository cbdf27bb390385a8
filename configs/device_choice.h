#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// What `device` begins with.
enum class DeviceKind { kAuto, kCpu, kCuda };
template <>
inline constexpr std::array<std::string_view, 3> kNames<DeviceKind> = {"auto", "cpu", "cuda"};

/// The value of `device`: auto, cpu, cuda or cuda:N.
struct DeviceChoice {
  DeviceKind kind = DeviceKind::kAuto;
  /// The N of cuda:N, from 0 on.
  std::optional<int> index;

  /// Whether any GPU will do.
  bool takes_any_gpu() const { return kind != DeviceKind::kCpu && !index; }
};

/// Throws ConfigError for any other text.
DeviceChoice parse_device(const std::string& text);

}  // namespace transfer
