#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <functional>

namespace transfer {

/// Calls `visit` once for the graph of every method of the module and its submodules, and of every
/// function that they call. Edits reach all modules of the same class. REQUIRES for edits: no
/// method has run, since it keeps its execution plan.
void for_each_graph(const torch::jit::Module& module,
                    const std::function<void(torch::jit::Graph&)>& visit);

/// Calls `visit` for every node of a graph, those inside branches and loops included. `visit` may
/// insert nodes in front of the node and replace its uses.
void for_each_node(torch::jit::Block* block, const std::function<void(torch::jit::Node*)>& visit);

/// Position of the operator's argument of that name; −1 without one.
std::int64_t argument_position(const torch::jit::Node* node, const std::string& name);

}  // namespace transfer
