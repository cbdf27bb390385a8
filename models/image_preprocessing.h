#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>

#include "core/preprocessing.h"

namespace transfer {

/// A module whose `forward` prepares one image for the network, so that a model file can do in
/// Python and C++ what datasets/preprocess.h does in this program, bit for bit: uint8 [H,W,3] RGB,
/// [H,W] or [H,W,1] grey, or [H,W,channels] for networks that read bands → float32
/// [1,channels,height,width], channels-last in memory. Its numbers are attributes; it holds no
/// tensor. The class belongs to `unit`.
torch::jit::Module preprocessing_module(const Preprocessing& preprocessing,
                                        const std::shared_ptr<torch::jit::CompilationUnit>& unit);

}  // namespace transfer
