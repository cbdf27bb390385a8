#pragma once

#include <cstdint>

#include "configs/config.h"

namespace transfer {

/// The first of `stages` stages (0 is nearest the input) that trains in `epoch` (counted from 0);
/// all behind it train too, and all before it are frozen. Equal to `stages` where the head alone
/// trains: during `freeze_epochs`. Then everything from `freeze_stages` on trains, or, with
/// `unfreeze_every`, the last stage first and one more after every so many epochs (Howard and Ruder
/// 2018).
std::int64_t first_trainable_stage(const TrainConfig& config, std::int64_t epoch,
                                   std::int64_t stages);

/// How many of the first stages train in no epoch at all.
std::int64_t stages_never_trained(const TrainConfig& config, std::int64_t stages);

}  // namespace transfer
