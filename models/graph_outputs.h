#pragma once

// What a TorchScript graph returns, and on what that depends. For models/ only: needs
// torch/script.h.

#include <torch/script.h>

#include <memory>
#include <string>

namespace transfer {

/// Makes `value` the graph's only output and removes the nodes that run after it.
void end_at(torch::jit::Graph& graph, torch::jit::Value* value);

/// Removes nodes that do not affect the output: operators, calls and branches with unused results
/// that do not write to their inputs.
void remove_unused(const std::shared_ptr<torch::jit::Graph>& graph);

/// A copy of `forward`'s graph that returns only the logits: the returned tensor, the element
/// `logits` of a named tuple, or the element of a tuple that ends in a classifier (see
/// logits_position() in models/returned_tuple.h). Auxiliary classifiers are removed. Throws
/// ModelError naming `file` when `forward` needs more than the image or returns none of these.
/// `remark` receives what to tell the user about a choice, if there was one.
std::shared_ptr<torch::jit::Graph> logits_graph(const torch::jit::Module& module,
                                                const std::string& file,
                                                std::string* remark = nullptr);

/// Whether a graph, or what it calls, writes to its inputs. With `has_self` the first input is the
/// module, whose own tensors (BatchNorm's counter and statistics) do not count.
bool writes_to_its_inputs(const std::shared_ptr<torch::jit::Graph>& body, bool has_self);

/// Whether an operator reads only the size, type or device of its input.
bool asks_only_for_size(const torch::jit::Node* node);

/// Why nodes behind `cut` depend on more than its value, as a clause for a message; "" when all
/// data passes through the cut. Sizes (`x.shape`) matter only if `sizes_count`.
std::string describe_bypass(const torch::jit::Graph& graph, const torch::jit::Value* cut,
                            bool sizes_count);

/// Replaces a method of the module by `graph`, whose return type may differ.
void replace_method(torch::jit::Module& module, const std::string& method,
                    std::shared_ptr<torch::jit::Graph> graph);
void replace_forward(torch::jit::Module& module, std::shared_ptr<torch::jit::Graph> graph);

}  // namespace transfer
