#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>

namespace transfer {

/// Makes a network whose weights are float16, bfloat16 or float64 compute in float32: converts its
/// weights, its constants, and the casts to those types in its program. Returns what was changed,
/// as a clause for a message; "" for float32 weights. REQUIRES: `forward` has not run.
std::string convert_to_float32(torch::jit::Module& module);

/// Makes parameters of the weights that layers of `forward` (convolutions, linear layers, norms,
/// embeddings) read from buffers, since training only moves parameters. Returns what was changed,
/// as a clause for a message; "" if all are parameters. REQUIRES: `forward` has not run.
std::string make_buffers_parameters(torch::jit::Module& module);

/// Throws ModelError, naming `file` and the buffer, when weights are held as 8-bit integers from
/// which the program computes them, so that training could not move them.
void refuse_integer_weights(const torch::jit::Module& module, const std::string& file);

}  // namespace transfer
