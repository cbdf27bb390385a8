#pragma once

#include <cstdint>

#include "configs/config.h"
#include "models/trainable_network.h"

namespace transfer {

/// Number of the network's stages, as the functions below take it: one for a network without any.
std::int64_t stage_count(const TrainableNetwork& network);

/// The first of `stages` stages (0 is nearest the input) that trains in `epoch` (counted from 0).
/// All later stages train too; all earlier ones are frozen. Equal to `stages` if only the head
/// trains, during `freeze_epochs`. Then everything from `freeze_stages` on trains or, with
/// `unfreeze_every`, the last stage first and one more each time that number of epochs has passed
/// (Howard and Ruder 2018).
std::int64_t first_trainable_stage(const TrainConfig& config, std::int64_t epoch,
                                   std::int64_t stages);

/// Number of first stages that train in no epoch.
std::int64_t stages_never_trained(const TrainConfig& config, std::int64_t stages);

}  // namespace transfer
