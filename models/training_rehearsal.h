#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>
#include <vector>

#include "core/preprocessing.h"

namespace transfer {

/// What one training step on two random images did.
struct TrainingRehearsal {
  /// Buffers of floats that it moved, such as running statistics.
  std::vector<std::string> moved_buffers;
  /// Parameters that require gradients and got none.
  std::vector<std::string> without_gradient;
};

/// Runs a forward and a backward pass of a copy of `network`, in its current mode, on images of 64
/// pixels, or of the size in `preprocessing` if it refuses those. Random generators stay as they
/// are. Throws ModelError naming `file`, the cause and the remedy when a pass fails.
TrainingRehearsal rehearse_step(const torch::jit::Module& network,
                                const Preprocessing& preprocessing, torch::Device device,
                                const std::string& file);

/// The ModelError for a network that does not take this batch in training mode.
[[noreturn]] void refuse_failed_step(const std::string& file, const torch::Tensor& input,
                                     const std::exception& error);

/// What in the program keeps gradients from the layers in front of it: "detach", "torch.no_grad()";
/// "" if nothing is found.
std::string describe_gradient_stop(const torch::jit::Module& network);

}  // namespace transfer
