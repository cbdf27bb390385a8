#pragma once

#include "configs/config.h"
#include "datasets/dataset.h"
#include "models/backbone.h"

namespace transfer {

/// The backbone that the configuration names, for images of the size it asks for, with a message
/// where a user should know something about it. `flatten` is built to fit the data: one channel if
/// the training images are grey, and the size of those in IDX files. Throws ModelError and
/// Interrupted.
Backbone choose_backbone(const Config& config, const Dataset& dataset);

}  // namespace transfer
