#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>
#include <vector>

#include "models/classifier_layer.h"

namespace transfer {

/// Finds the modules behind which the network may be cut in the graph of `forward`. Returns their
/// paths, in execution order. The rules:
/// - A stage is a submodule in front of the classifier that holds weights of convolutions or linear
///   layers, returns one tensor, and through which all data passes (no skip connection around it).
/// - Candidates are the modules that `forward` itself calls. A module is replaced by its children
///   where it contains the classifier or more than 90 % of the weights in front of the classifier,
///   or is a Sequential whose children return outputs of different shapes.
/// - Of neighbours whose outputs have the same shape, the last one is the stage; if a container has
///   only such children (a vision transformer), each of them is a stage.
/// So ResNet has the stages conv1 and layer1 to layer4, EfficientNet-Lite the last block of each
/// group. Shapes come from one run on a blank image of `image_shape` [1,C,H,W]; if that run fails,
/// all candidates are stages.
std::vector<std::string> find_stages(const torch::jit::Module& module,
                                     const ClassifierLayer& classifier,
                                     torch::IntArrayRef image_shape, const std::string& file);

}  // namespace transfer
