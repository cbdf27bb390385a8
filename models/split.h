#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>

namespace transfer {

/// Names of two methods that run the network in two parts.
struct SplitMethods {
  std::string prefix;  ///< image [N,C,H,W] → the stage's output
  std::string suffix;  ///< the stage's output → logits [N,classes]
};

/// Adds two methods to `module`: the network up to `stage` and behind it. They share its parameters
/// and obey train() and eval(); `forward` stays. Prefix then suffix returns exactly the logits of
/// `forward`, also after saving and loading, and the suffix does not change its input. A second
/// call for the same stage returns the same methods. Throws ModelError naming `file` as
/// cut_after_stage does, and when the suffix needs more than the stage's output (a skip connection
/// around it, or the image's size).
SplitMethods split_at_stage(torch::jit::Module& module, const std::string& stage,
                            const std::string& file);

/// Adds a method to `module` and returns its name: image [N,C,H,W] → (the stage's output, logits).
/// The logits come from a copy of that output, so that gradients by it can be taken. Other data may
/// pass by the stage. Throws ModelError naming `file` where forward does not call the stage.
std::string add_stage_and_logits(torch::jit::Module& module, const std::string& stage,
                                 const std::string& file);

/// Removes the two methods. REQUIRES: the module has not run them.
void remove_split(torch::jit::Module& module, const SplitMethods& names);

}  // namespace transfer
