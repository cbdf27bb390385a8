#pragma once

// Edits of TorchScript graphs. Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <string>

namespace transfer {

/// The fully connected layer that runs last.
struct LastLinear {
  /// Attribute path from the root, such as `classifier` or `features.fc`; empty when the weight is
  /// the root's own.
  std::string path;
  std::int64_t in_features = 0;
  std::int64_t out_features = 0;
};

/// Finds the `aten::linear` that runs last in `forward`, by execution order, not by name. Throws
/// ModelError naming `file` where there is none, or where it runs inside a branch or a loop.
LastLinear find_last_linear(const torch::jit::Module& module, const std::string& file);

/// A copy of `module` whose `forward` returns the input of its last linear layer; shape [N,D] for
/// a usual CNN. Weights that no longer matter are emptied, so they leave the saved file.
/// REQUIRES: find_last_linear succeeds. Parameters are copied, not shared.
torch::jit::Module cut_before_last_linear(const torch::jit::Module& module,
                                          const std::string& file);

/// Likewise a copy whose `forward` returns the output of the module at `stage` (`blocks.2`).
/// Throws ModelError when no such module is called at the top level of execution.
torch::jit::Module cut_after_stage(const torch::jit::Module& module, const std::string& stage,
                                   const std::string& file);

/// Paths of the parameters and buffers that `forward` reads, such as `stem.0.weight`.
std::vector<std::string> tensors_read_by_forward(const torch::jit::Module& module);

}  // namespace transfer
