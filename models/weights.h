#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>

namespace transfer {

/// SHA-256 of all parameters and buffers, ordered by the bytes of their full names. Each adds its
/// name in UTF-8, one zero byte, and its elements, row-major over the logical dimensions,
/// little-endian. models/export/archive.py computes the same.
std::string weights_sha256(const torch::jit::Module& module);

/// Stores the weights of convolutions channels-last, in place. Together with channels-last images,
/// convolutions then run faster.
void to_channels_last(const torch::jit::Module& module);

}  // namespace transfer
