#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// Makes traced BatchNorm, InstanceNorm and Dropout layers follow the `training` flag of their
/// module again: tracing writes the mode into the graph as a constant, so that they ignore train()
/// and eval(). Returns the number of layers repaired; 0 for scripted modules. Not repaired are
/// layers that leave no trace in evaluation mode (stochastic depth), and num_batches_tracked, which
/// only a BatchNorm without momentum would use. REQUIRES: `forward` has not run, since it keeps its
/// execution plan.
int repair_traced_modes(torch::jit::Module& module);

}  // namespace transfer
