#pragma once

// Reading and inlining calls in TorchScript graphs. Included inside models/ only.

#include <torch/script.h>

#include <memory>
#include <optional>
#include <string>

namespace transfer {

/// The attribute path by which a value hangs off the graph's `self` ("" for `self` itself), or
/// nothing when it does not.
std::optional<std::string> path_from_self(const torch::jit::Value* value,
                                          const torch::jit::Graph& graph);

/// The graph a call of a method or function runs; nullptr for any other node.
std::shared_ptr<torch::jit::Graph> callee(const torch::jit::Node* node);

/// The module a method call runs on, as a path from `self`; nothing for any other node.
std::optional<std::string> called_path(const torch::jit::Node* node,
                                       const torch::jit::Graph& graph);

/// Replaces a call by the graph it runs. Returns the values that take the place of its outputs.
std::vector<torch::jit::Value*> inline_call(torch::jit::Node* call);

/// The attribute at a dotted path. Throws c10::Error where there is none.
c10::IValue attribute_at(const torch::jit::Module& module, const std::string& path);

/// Decides every `if` whose condition follows from constants and from the module's own settings
/// (numbers and flags other than `training`), and puts the branch taken in its place.
void fold_known_branches(std::shared_ptr<torch::jit::Graph>& graph,
                         const torch::jit::Module& module);

}  // namespace transfer
