#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <string>

namespace transfer {

/// Runs a copy of `forward`'s graph on `images` without autograd and without giving the module an
/// execution plan. Throws what LibTorch throws.
torch::Tensor run_apart(const torch::jit::Module& module, const torch::Tensor& images);

/// The same for a graph of the module: (self, images) → one tensor. The images stay as they are.
torch::Tensor run_apart(const torch::jit::Module& module,
                        const std::shared_ptr<torch::jit::Graph>& graph,
                        const torch::Tensor& images);

/// The path of the layer in which `forward` fails on `images`, such as `layer1.0.conv1`; "" when it
/// fails outside every layer or nowhere. Runs parts of the network several times.
std::string failing_layer(const torch::jit::Module& module, const torch::Tensor& images);

}  // namespace transfer
