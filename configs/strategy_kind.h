#pragma once

#include <array>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// `strategy`: the four classic cases, and the features of all stages. What each does is in models/strategy.cpp.
enum class StrategyKind { kFreezeConv, kEarlyFeatures, kAllFeatures, kFineTune, kRetrain };
template <>
inline constexpr std::array<std::string_view, 5> kNames<StrategyKind> = {
    "freeze-conv", "early-features", "all-features", "fine-tune", "retrain"};

}  // namespace transfer
