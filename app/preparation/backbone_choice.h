#pragma once

#include "configs/config.h"
#include "datasets/dataset.h"
#include "models/backbone.h"

namespace transfer {

/// The backbone that the configuration names, for images of the size it asks for, with a message
/// where a user should know something about it. `flatten` is built to fit the data: one channel if
/// the training images are grey, and the size of those in IDX files. A backbone that is not
/// exported yet is exported where that is possible (obtain_backbone()). Throws ModelError,
/// OutputError and Interrupted.
Backbone choose_backbone(const Config& config, const Dataset& dataset);

/// Throws ModelError, as find_backbone() does, where choose_backbone() would export the backbone
/// first. For what may write nothing.
void require_exported(const Config& config);

}  // namespace transfer
