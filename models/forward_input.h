#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>

namespace transfer {

/// Throws ModelError naming `file` when the first argument of `forward` is no tensor, as in
/// detection networks, which take a list of images. REQUIRES: the module has a `forward`.
void refuse_other_input(const torch::jit::Module& module, const std::string& file);

/// Throws ModelError naming `file` when the program sets the seed of random numbers, which would
/// make every run's own numbers the same.
void refuse_seeding(const torch::jit::Module& module, const std::string& file);

}  // namespace transfer
