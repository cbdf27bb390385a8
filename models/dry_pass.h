#pragma once

#include <exception>

#include "core/errors.h"

#include "models/backbone.h"

namespace transfer {

/// Runs two random images of the backbone's own size through it, alone and together, so that a
/// network that cannot work is refused before anything is computed or written. Throws ModelError,
/// naming the file, the layer, the cause and the remedy, when
/// - it does not take images of this size or number of channels (with a size that it takes, if one
///   of the usual sizes works),
/// - it mixes number types, names a device that is not there, or fails otherwise,
/// - it takes one image but no batch, or an image's output depends on its batch or on chance.
void require_pass(const Backbone& backbone);

/// The ModelError for what LibTorch threw while the backbone ran: cause, layer and remedy as above.
ModelError explain_failed_pass(const Backbone& backbone, const std::exception& error);

}  // namespace transfer
