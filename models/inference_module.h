#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// A copy of `module` for fast inference on `device`: evaluation mode, channels-last weights,
/// BatchNorm folded by torch::jit::freeze. It cannot be trained.
torch::jit::Module for_inference(const torch::jit::Module& module, torch::Device device);

/// Runs `forward` without autograd on images [N,C,H,W] from any device. The result is on the CPU.
torch::Tensor run_inference(const torch::jit::Module& module, const torch::Tensor& images,
                            torch::Device device);

}  // namespace transfer
