#pragma once

// Reading and inlining calls in TorchScript graphs. For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <optional>
#include <string>

namespace transfer {

/// The attribute path of a value from the graph's `self` ("" for `self`); nothing when the value is
/// not an attribute.
std::optional<std::string> path_from_self(const torch::jit::Value* value,
                                          const torch::jit::Graph& graph);

/// The graph that a method or function call runs; nullptr for any other node.
std::shared_ptr<torch::jit::Graph> callee(const torch::jit::Node* node);

/// The module whose method is called, as a path from `self`; nothing for any other node.
std::optional<std::string> called_path(const torch::jit::Node* node,
                                       const torch::jit::Graph& graph);

/// Replaces a call by the graph that it runs. Returns the values that replace its outputs.
std::vector<torch::jit::Value*> inline_call(torch::jit::Node* call);

/// Replaces every call, those inside of calls included. Unlike torch::jit::Inline it leaves no
/// optimised copy of a method behind, which the method would run in place of later edits.
void inline_all_calls(torch::jit::Graph& graph);

/// The attribute at a dotted path. Throws c10::Error when there is none.
c10::IValue attribute_at(const torch::jit::Module& module, const std::string& path);

/// Replaces every `if` whose condition depends only on constants and on settings of the module
/// (numbers, texts and flags, except `training`) by the branch taken.
void fold_known_branches(std::shared_ptr<torch::jit::Graph>& graph,
                         const torch::jit::Module& module);

}  // namespace transfer
