#pragma once

#include <array>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// `strategy`: the four classic cases. What each does is in models/strategy.cpp.
enum class StrategyKind { kFreezeConv, kEarlyFeatures, kFineTune, kRetrain };
template <>
inline constexpr std::array<std::string_view, 4> kNames<StrategyKind> = {
    "freeze-conv", "early-features", "fine-tune", "retrain"};

}  // namespace transfer
