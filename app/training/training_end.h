#pragma once

#include <array>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// Why training ended: its epochs or iterations are used up, the validation loss stopped falling,
/// the fit converged, or the time was up.
enum class TrainingEnd { kEpochs, kPatience, kConvergence, kTimeLimit };
template <>
inline constexpr std::array<std::string_view, 4> kNames<TrainingEnd> = {
    "epochs", "patience", "convergence", "time_limit"};

}  // namespace transfer
