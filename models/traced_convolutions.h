#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// Tracing writes a convolution as `aten::_convolution` with cuDNN's switches as they were on the
/// tracing machine (benchmark, deterministic, allow_tf32), so that it ignores those of the process
/// that runs it. Makes them conv1d, conv2d, conv3d or their transposed forms, which obey. Returns
/// the number of convolutions changed; 0 for scripted modules. REQUIRES: no method has run, since
/// it keeps its execution plan.
int free_traced_convolutions(torch::jit::Module& module);

}  // namespace transfer
