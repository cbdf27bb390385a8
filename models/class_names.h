#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// The same network with other names of its classes, which follow from the network alone. LibTorch
/// numbers classes (`___torch_mangle_18`) by how many were made before, so a run that was stopped
/// and resumed would write another file than one that was not. Shares the weights. REQUIRES: read
/// from an archive just now, so that its compilation unit holds nothing else.
torch::jit::Module with_lasting_names(const torch::jit::Module& module);

}  // namespace transfer
