#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include "models/classifier.h"

namespace transfer {

/// One module of a cut network (its `forward` gives features [N,D]) and a linear head, with methods
/// `forward` (logits), `predict` (probabilities) and `features`. It shares the trunk's parameters,
/// trains, and is what `model.pt` holds: submodules `trunk` and `head`.
torch::jit::Module compose(const torch::jit::Module& trunk, const LinearHead& head);

}  // namespace transfer
