#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// Removes the `with torch.autocast(...)` of a scripted program, which then computes in the type of
/// its weights: LibTorch does not run such a program once it is cut. Returns whether there was one.
/// REQUIRES: no method has run, since it keeps its execution plan.
bool remove_autocast(const torch::jit::Module& module);

}  // namespace transfer
