#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// A copy of the module with every BatchNorm folded into the convolution in front of it, still
/// trainable. A convolution or norm that runs several times, whose weights others share, or that
/// runs inside a loop is left as it is; `module` itself may get markers there, which compute
/// nothing. REQUIRES: evaluation mode; `forward` has not run.
torch::jit::Module fold_batch_norms(const torch::jit::Module& module);

}  // namespace transfer
