#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// Replaces every `view` of the program by `reshape`, which returns the same values and copies
/// where a view is not possible: images and activations are channels-last here, and `x.view(n, -1)`
/// fails on those. REQUIRES: no method has run, since it keeps its execution plan.
void replace_views(const torch::jit::Module& module);

/// Lets `forward` write to a copy of its image if it writes to the image (x.sub_(mean)).
void protect_image(torch::jit::Module& module);

}  // namespace transfer
