#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// Tracing writes the mode of BatchNorm, InstanceNorm and Dropout into the graph as a constant, so
/// that the layer ignores `train()` and `eval()`. Lets each follow the `training` flag of the
/// module that owns it again and returns how many layers were so repaired (0 for scripted modules,
/// which obey already). REQUIRES: `forward` has not run yet, since it caches its plan.
/// Not repaired: layers that leave no trace in evaluation mode (stochastic depth), and
/// num_batches_tracked, which only a BatchNorm without momentum would use.
int repair_traced_modes(torch::jit::Module& module);

}  // namespace transfer
