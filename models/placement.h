#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

/// Moves the weights to the device, and makes what its export wrote into the program follow:
/// devices, tensors, and the settings of traced convolutions (see follow_convolution_settings()).
/// REQUIRES: no method has run, since it keeps its execution plan.
void place_on(torch::jit::Module& module, torch::Device device);

/// Makes the convolutions of traced programs compute as this process's at::globalContext() says.
/// Tracing writes the settings of the process that exports into each `aten::_convolution`
/// (benchmark, deterministic, cudnn_enabled and allow_tf32 of ATen's native_functions.yaml), and
/// they hold for cuDNN.
void follow_convolution_settings(torch::jit::Module& module);

}  // namespace transfer
