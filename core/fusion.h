#pragma once

#include <array>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// Whether operators of frozen networks may be fused into one kernel on a CPU: wherever it works,
/// or nowhere.
enum class Fusion { kAuto, kOff };
template <>
inline constexpr std::array<std::string_view, 2> kNames<Fusion> = {"auto", "off"};

}  // namespace transfer
