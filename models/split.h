#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <string>

namespace transfer {

/// Names of two methods that together are the network.
struct SplitMethods {
  std::string prefix;  ///< image [N,C,H,W] → what the stage gives
  std::string suffix;  ///< what the stage gives → logits [N,classes]
};

/// Gives `module` two more methods, the network up to and behind `stage`, which share its
/// parameters and obey train() and eval(); `forward` stays. Prefix then suffix equals `forward`'s
/// logits exactly, after saving and loading too, and the suffix leaves its input unchanged. A
/// second call for the same stage gives the same methods. Throws ModelError naming `file` where
/// cut_after_stage would, and where the suffix needs more than the stage's output (a skip
/// connection around it, or the image's size).
SplitMethods split_at_stage(torch::jit::Module& module, const std::string& stage,
                            const std::string& file);

/// Takes the two methods away again, from a module that has not run them.
void remove_split(torch::jit::Module& module, const SplitMethods& names);

}  // namespace transfer
