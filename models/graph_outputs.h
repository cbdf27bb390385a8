#pragma once

// What a TorchScript graph returns and what flows there. Included inside models/ only.

#include <torch/script.h>

#include <memory>
#include <string>

namespace transfer {

/// Makes `value` the graph's only output and removes all that runs after it.
void end_at(torch::jit::Graph& graph, torch::jit::Value* value);

/// Removes what no longer matters for the output: plain operators, and calls and branches whose
/// results nobody uses and which write to nothing that came from outside.
void remove_unused(const std::shared_ptr<torch::jit::Graph>& graph);

/// A copy of `forward`'s graph that returns the logits alone: the value itself, or the element
/// `logits` of a named tuple, or the first tensor of a tuple. Auxiliary classifiers disappear.
/// Throws ModelError naming `file` when `forward` takes more than the image or returns neither.
std::shared_ptr<torch::jit::Graph> logits_graph(const torch::jit::Module& module,
                                                const std::string& file);

/// Whether something computed from the image before `cut` is still used after it: the reason as
/// half a sentence, or "" where all goes through the cut. Pure sizes (`x.shape`) count only where
/// `sizes_count`.
std::string describe_bypass(const torch::jit::Graph& graph, const torch::jit::Value* cut,
                            bool sizes_count);

/// Puts `graph` in the place of a method of the module, under its own return type.
void replace_method(torch::jit::Module& module, const std::string& method,
                    std::shared_ptr<torch::jit::Graph> graph);
void replace_forward(torch::jit::Module& module, std::shared_ptr<torch::jit::Graph> graph);

}  // namespace transfer
