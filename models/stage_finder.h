#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <string>
#include <vector>

namespace transfer {

/// Paths of the modules behind which the network may be cut, in execution order, read off
/// `forward`. The rule:
/// - A stage is a submodule in front of the classifier that holds weights of convolutions or linear
///   layers, gives one tensor, and that all data passes through (no skip connection around it).
/// - Candidates are the modules that `forward` calls itself. In place of one stand its children
///   where it contains the classifier or more than nine tenths of the weights in front of it, or is
///   a Sequential whose children give outputs of different shapes.
/// - Of neighbours whose outputs have the same shape, the last one is the stage; if a container has
///   only such children (a vision transformer), each is one.
/// So ResNet gives conv1, layer1 … layer4, and EfficientNet-Lite the last block of each group.
/// Shapes come from one run on a blank image of `image_shape` [1,C,H,W]; where that fails, all
/// candidates stay. REQUIRES: find_classifier succeeds.
std::vector<std::string> find_stages(const torch::jit::Module& module,
                                     torch::IntArrayRef image_shape, const std::string& file);

}  // namespace transfer
