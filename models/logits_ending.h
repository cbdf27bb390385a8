#pragma once

// How a network ends. For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <optional>
#include <string>

#include "models/layer_use.h"

namespace transfer {

/// The layer behind which a graph only scales, squashes, averages or reshapes, or why there is
/// none.
struct LogitsEnding {
  std::optional<LayerUse> layer;
  /// Without a layer: what the network ends in, as a clause for a message ("it ends in add, which
  /// joins several values").
  std::string found;
};

/// Follows the graph's output back through operators that change neither meaning nor order of the
/// logits: softmax, sigmoid, dropout, scaling by constants, averages and reshapes. So every path
/// from the image to the output passes the layer where that ends. A ReLU counts among them only
/// behind a 1x1 convolution with Dropout in front, as in SqueezeNet: other networks that end in one
/// have no classifier. Calls on the way are inlined and known branches folded, in `graph`. Throws
/// ModelError naming `file` when that layer runs inside a branch or a loop.
LogitsEnding find_ending(std::shared_ptr<torch::jit::Graph>& graph,
                         const torch::jit::Module& module, const std::string& file);

/// Whether the node is a ReLU or one of its kind.
bool is_activation(const torch::jit::Node* node);

/// Whether a value may depend on the image's pixels rather than on weights, constants and sizes.
bool may_depend_on_image(const torch::jit::Value* value, const torch::jit::Graph& graph);

}  // namespace transfer
