#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <cstdint>

#include "models/classifier.h"

namespace transfer {

/// A new linear head: weights and bias uniform in ±1/√D, as torch.nn.Linear draws them. `seed`
/// decides all numbers.
LinearHead random_head(std::int64_t classes, std::int64_t features, std::uint64_t seed);

/// Draws every weight anew, by its kind: convolutions normal with variance 2 / (outputs · kernel)
/// (He et al. 2015, fan-out), fully connected layers as torch.nn.Linear, norms 1 and 0 with fresh
/// statistics; whatever else there is (tokens, positions, layer scales) normal with deviation 0.02.
void initialize_weights(torch::jit::Module& module, std::uint64_t seed);

}  // namespace transfer
