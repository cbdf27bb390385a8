#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <string>

namespace transfer {

/// SHA-256 over all parameters and buffers in the order of their full names compared as bytes:
/// for each the name in UTF-8, one zero byte, and the elements, row-major over the logical
/// dimensions, little-endian. models/export/archive.py computes the same.
std::string weights_sha256(const torch::jit::Module& module);

/// Lays the weights of convolutions out channels-last, in place: with images laid out so too, they
/// run faster.
void to_channels_last(const torch::jit::Module& module);

}  // namespace transfer
