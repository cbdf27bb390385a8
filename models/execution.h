#pragma once

namespace transfer {

/// Keeps LibTorch from fusing operators of a network into GPU kernels of its own (TensorExpr),
/// which it does by default from the second run of a network on: the first batch would be computed
/// unlike the later ones, and compiling takes seconds. Programs on a CPU run as before.
void keep_gpu_unfused();

}  // namespace transfer
