#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <cstdint>

namespace transfer {

/// Draws every weight at random, by its kind: convolutions normal with variance 2 / (outputs · kernel)
/// (He et al. 2015, fan-out); fully connected layers as torch.nn.Linear; norms with weight 1, bias
/// 0 and fresh statistics; all others (tokens, positions, layer scales) normal with standard
/// deviation 0.02.
void initialize_weights(torch::jit::Module& module, std::uint64_t seed);

}  // namespace transfer
