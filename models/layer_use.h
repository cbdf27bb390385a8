#pragma once

// Operators with weights in TorchScript graphs. For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <cstdint>
#include <optional>
#include <string>

namespace transfer {

/// The operator of a layer: its input, its weight (packed if the layer is quantised), and the
/// position of the input among the operator's inputs.
struct LayerUse {
  torch::jit::Node* node = nullptr;
  std::size_t input_position = 0;
  torch::jit::Value* weight = nullptr;
  torch::jit::Value* input() const { return node->input(input_position); }
};

/// Whether the node is an operator of a linear layer or a convolution with weights of floats.
bool is_linear_or_convolution(const torch::jit::Node* node);

/// The layer that this node is: a linear layer (also one that torch.ao.quantization made dynamic)
/// or a convolution; nothing for other operators.
std::optional<LayerUse> as_layer(torch::jit::Node* node);

/// Whether the block, the functions that it calls and the blocks inside it hold a layer.
bool contains_layer(torch::jit::Block* block);
bool leads_to_layer(torch::jit::Node* node);

/// Whether the node is a Dropout, or calls a module that holds one and no layer.
bool is_dropout(torch::jit::Node* node);

/// The first operator of the graph, or of what it calls, whose layers compute with 8-bit integers;
/// "" if there is none. Only those that also take integers are found if `static_only`.
std::string quantised_operator(torch::jit::Graph& graph, bool static_only);

}  // namespace transfer
